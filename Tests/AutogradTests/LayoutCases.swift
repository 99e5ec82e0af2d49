import Autograd
import FiniteDifferences
import TensorCore

extension DerivativeCase {
  /// Moving elements. A product with the input makes the second derivative other than zero.
  static let layout: [DerivativeCase] = {
    var n = Numbers(seed: 4)
    let x = n.between(-2, 2, [2, 3, 4])
    let table = n.between(-2, 2, [4, 3])
    let rows = n.between(-2, 2, [5, 2])
    return [
      DerivativeCase("reshaped", [x]) { $0[0].squared().reshaped([4, 6]).squared() },
      DerivativeCase("transposed", [x]) { $0[0].squared().transposed([2, 0, 1]).squared() },
      DerivativeCase("channelsLast", [x]) { $0[0].squared().channelsLast().squared() },
      DerivativeCase("channelsFirst", [x]) { $0[0].squared().channelsFirst().squared() },
      DerivativeCase("gatherRows with repeats", [table]) {
        $0[0].squared().gatherRows([3, 0, 3, 1, 3]).squared()
      },
      DerivativeCase("scatterRows with repeats", [rows]) {
        $0[0].squared().scatterRows([2, 0, 2, 3, 2], rowCount: 5).squared()
      },
      DerivativeCase("elements", [table]) { $0[0].squared().elements([2, 0, 1, 0]).squared() },
    ]
  }()

  /// Pooling, with windows that overlap, touch and leave gaps or a margin.
  static let pooling: [DerivativeCase] = {
    let windows = [(2, 2), (3, 2), (2, 3), (3, 1)]
    return windows.flatMap { kernel, stride in
      var n = Numbers(seed: 5)
      return [
        DerivativeCase("maxPool of \(kernel) by \(stride)", [n.distinct([2, 5, 6, 2])]) {
          $0[0].maxPool(kernel: kernel, stride: stride).squared()
        },
        DerivativeCase("averagePool of \(kernel) by \(stride)", [n.between(-2, 2, [2, 5, 6, 2])]) {
          $0[0].averagePool(kernel: kernel, stride: stride).squared()
        },
        DerivativeCase("upsampleNearest by \(kernel)", [n.between(-2, 2, [2, 2, 3, 2])]) {
          $0[0].upsampleNearest(scale: kernel).squared()
        },
      ]
    }
  }()

  /// Normalisation, whose fused kernels serve the first order and whose formula the second. Behind rectifiers
  /// shifts are so large that no value lies within a difference of the corner.
  static let normalization: [DerivativeCase] = {
    var n = Numbers(seed: 6)
    let inputs = [n.between(-2, 2, [6, 3]), n.between(0.5, 1.5, [3]), n.between(-1, 1, [3])]
    let images = n.between(-2, 2, [2, 2, 3, 4])
    let shared = [images, n.between(0.25, 0.5, [4]), Tensor([2, -2, -2, 2], shape: [4])]
    let own = [
      images, n.between(0.25, 0.5, [2, 4]), Tensor([-2, -2, 2, 2, 2, -2, 2, -2], shape: [2, 4]),
    ]
    let activations: [(String, FusedActivation)] = [
      ("", .identity), (", relu", .relu), (", leaky", .leakyReLU(slope: 0.2)),
    ]
    return [
      DerivativeCase("batchNormalized", inputs) {
        $0[0].batchNormalized(weight: $0[1], bias: $0[2], epsilon: 1e-5).output.squared()
      }
    ]
      + activations.flatMap { name, activation in
        [("shared scale", shared), ("a scale of each sample", own)].map { scale, inputs in
          DerivativeCase("groupNormalized with \(scale)\(name)", inputs) {
            $0[0].groupNormalized(
              groups: 2, weight: $0[1], bias: $0[2], epsilon: 1e-5, activation: activation
            ).squared()
          }
        }
      }
  }()
}
