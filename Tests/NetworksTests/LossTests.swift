import Autograd
import FiniteDifferences
import Glibc
import Networks
import TensorCore
import Testing

@Suite("Losses and penalties")
struct LossTests {
  /// Critics of two layers; the inputs are the points, then the weights.
  static let critics: [DerivativeCase] = {
    var n = Numbers(seed: 12)
    let points = n.between(-1, 1, [4, 3])
    let (hidden, output) = (n.between(-1, 1, [5, 3]), n.between(-1, 1, [1, 5]))
    let (scale, shift) = (n.between(0.5, 1.5, [5]), n.between(-1, 1, [5]))
    @Sendable func penalty(_ x: [Variable], _ activation: (Variable) -> Variable) -> Variable {
      let scores = activation(x[0].linear(weight: x[1], bias: nil)).linear(
        weight: x[2], bias: nil)
      return gradientPenalty(scores: scores, at: x[0])
    }
    return [
      DerivativeCase("a tanh critic", [points, hidden, output]) { penalty($0) { $0.tanh() } },
      DerivativeCase("a critic with layer norm", [points, hidden, output, scale, shift]) { x in
        penalty(x) { layerNorm($0, weight: x[3], bias: x[4]).tanh() }
      },
      DerivativeCase("a critic with batch norm", [points, hidden, output, scale, shift]) { x in
        penalty(x) { $0.batchNormalized(weight: x[3], bias: x[4], epsilon: 1e-5).output.tanh() }
      },
    ]
  }()

  @Test("the gradient of a gradient penalty equals central differences of the penalty", arguments: critics)
  func penaltyGradient(_ critic: DerivativeCase) {
    #expect(critic.firstOrderError() < 2e-3)
  }

  @Test("the penalty of a linear critic is the squared distance of its weights' norm from 1")
  func penaltyValue() {
    let tape = Tape()
    let points = tape.watch(Tensor(repeating: 0.5, shape: [3, 2, 1, 2]))
    let weights = tape.constant(Tensor([1, 2, 2, 4], shape: [2, 1, 2]))
    let penalty = gradientPenalty(scores: (points * weights).sum(along: [1, 2, 3]), at: points)
    #expect(abs(penalty.value.scalar - 16) < 1e-5)
    #expect(penalty.shape == .scalar)
  }

  @Test("a point without a slope gives a penalty of 1 that differentiates")
  func noSlope() {
    let tape = Tape()
    let points = tape.watch(Tensor(repeating: 0.5, shape: [4, 2]))
    let weight = tape.watch(Tensor(repeating: 0, shape: [1, 2]))
    let penalty = gradientPenalty(scores: points.linear(weight: weight, bias: nil), at: points)
    let gradient = tape.gradients(of: penalty, withRespectTo: [weight])[0]
    #expect(penalty.value.scalar == 1 && gradient?.value.scalars == [0, 0])
  }

  @Test("the penalty is measured by finite differences of the scores themselves")
  func penaltyIsTheNormOfDifferences() {
    // D(x) = x₀² + 3 x₁ at (1, 2) has the gradient (2, 3).
    let tape = Tape()
    let points = tape.watch(Tensor([1, 2], shape: [1, 2]))
    let coefficients = tape.constant(Tensor([1, 0], shape: [1, 2]))
    let slopes = tape.constant(Tensor([0, 3], shape: [1, 2]))
    let scores = (points.squared() * coefficients + points * slopes).sum(along: [1])
    let expected = (Float(13).squareRoot() - 1) * (Float(13).squareRoot() - 1)
    #expect(abs(gradientPenalty(scores: scores, at: points).value.scalar - expected) < 1e-5)
  }

  static let losses: [DerivativeCase] = {
    var n = Numbers(seed: 13)
    let logits = n.between(-2, 2, [4, 3])
    let targets = n.between(0, 1, [4, 3])
    return [
      DerivativeCase("cross-entropy of soft targets", [logits, targets]) {
        binaryCrossEntropy(logits: $0[0], targets: $0[1])
      },
      DerivativeCase("cross-entropy of reals", [logits]) { binaryCrossEntropy(logits: $0[0], isReal: true) },
      DerivativeCase("cross-entropy of fakes", [logits]) { binaryCrossEntropy(logits: $0[0], isReal: false) },
      DerivativeCase("cross-entropy of classes", [logits]) {
        crossEntropy(logits: $0[0], classes: [2, 0, 1, 1])
      },
      DerivativeCase("mean squared error", [logits, targets]) { meanSquaredError($0[0], $0[1]) },
      DerivativeCase("causal attention", [logits, targets, logits]) {
        attention(queries: $0[0], keys: $0[1], values: $0[2], causal: true)
      },
    ]
  }()

  @Test("the gradient equals central differences, of first and second order", arguments: losses)
  func gradients(_ loss: DerivativeCase) {
    #expect(loss.firstOrderError() < 5e-4)
    #expect(loss.secondOrderError() < 5e-4)
  }

  @Test("hard targets are the ends of soft ones, and certain logits do not overflow")
  func hardTargets() {
    let tape = Tape()
    let logits = tape.constant(Tensor([-1, 0.5, 3], shape: [3]))
    for isReal in [true, false] {
      let targets = tape.constant(Tensor(repeating: isReal ? 1 : 0, shape: [3]))
      let soft = binaryCrossEntropy(logits: logits, targets: targets).value.scalar
      #expect(abs(soft - binaryCrossEntropy(logits: logits, isReal: isReal).value.scalar) < 1e-6)
    }
    let certain = tape.constant(Tensor([500], shape: [1]))
    #expect(binaryCrossEntropy(logits: certain, isReal: true).value.scalar == 0)
    #expect(binaryCrossEntropy(logits: certain, isReal: false).value.scalar == 500)
  }

  @Test("the divergence of a normal distribution from the standard one is the paper's, and differentiates")
  func divergence() {
    // Two samples of two latents: ½ Σ (μ² + σ² - log σ² - 1), averaged over the samples.
    let (mean, logVariance) = ([Float(1), 0, -2, 0.5], [Float(0), 0.7, -1, 0.2])
    let expected = zip(mean, logVariance).reduce(0.0) { sum, pair in
      let (m, l) = (Double(pair.0), Double(pair.1))
      return sum + 0.25 * (m * m + exp(l) - l - 1)
    }
    let inputs = [Tensor(mean, shape: [2, 2]), Tensor(logVariance, shape: [2, 2])]
    let tape = Tape()
    let value = standardNormalDivergence(
      mean: tape.constant(inputs[0]), logVariance: tape.constant(inputs[1]))
    #expect(abs(Double(value.value.scalar) - expected) < 1e-6)
    let rule = DerivativeCase("divergence", inputs) {
      standardNormalDivergence(mean: $0[0], logVariance: $0[1])
    }
    #expect(rule.firstOrderError() < 2e-3 && rule.secondOrderError() < 2e-3)
  }
}
