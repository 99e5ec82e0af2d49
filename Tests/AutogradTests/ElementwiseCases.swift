import Autograd
import FiniteDifferences
import TensorCore

extension DerivativeCase {
  /// Elementwise functions, away from their kinks.
  static let elementwise: [DerivativeCase] = {
    var n = Numbers(seed: 3)
    let any = n.between(-2, 2, [3, 4])
    let positive = n.between(0.5, 2.5, [3, 4])
    let offZero = n.offZero([3, 4])
    return [
      DerivativeCase("exp", [any]) { $0[0].exp() },
      DerivativeCase("log", [positive]) { $0[0].log() },
      DerivativeCase("sin", [any]) { $0[0].sin() },
      DerivativeCase("cos", [any]) { $0[0].cos() },
      DerivativeCase("squareRoot", [positive]) { $0[0].squareRoot() },
      DerivativeCase("tanh", [any]) { $0[0].tanh() },
      DerivativeCase("sigmoid", [any]) { $0[0].sigmoid() },
      DerivativeCase("softplus", [any]) { $0[0].softplus() },
      DerivativeCase("logSigmoid", [any]) { $0[0].logSigmoid() },
      DerivativeCase("sigmoidCrossEntropy", [any, n.between(0, 1, [3, 4])]) {
        $0[0].sigmoidCrossEntropy(targets: $0[1])
      },
      DerivativeCase("erf", [any]) { $0[0].erf() },
      DerivativeCase("magnitude", [offZero]) { $0[0].magnitude() * $0[0] },
      DerivativeCase("relu", [offZero]) { $0[0].relu() * $0[0] },
      DerivativeCase("leakyReLU", [offZero]) { $0[0].leakyReLU(slope: 0.2) * $0[0] },
      DerivativeCase("elu", [offZero]) { $0[0].elu(alpha: 1.25) },
      DerivativeCase("silu", [any]) { $0[0].silu() },
      DerivativeCase("gelu", [any]) { $0[0].gelu() },
      DerivativeCase("geluTanh", [any]) { $0[0].geluTanh() },
      DerivativeCase("logSumExp", [any]) { $0[0].logSumExp() },
      DerivativeCase("logSoftmax", [any]) { $0[0].logSoftmax() },
      DerivativeCase("softmax", [any]) { $0[0].softmax() },
    ]
  }()
}
