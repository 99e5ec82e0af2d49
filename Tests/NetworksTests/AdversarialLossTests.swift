import Autograd
import FiniteDifferences
import Glibc
import Networks
import TensorCore
import Testing

@Suite("Adversarial losses")
struct AdversarialLossTests {
  private static let scores: [Float] = [-2.5, -1.4, -0.25, 0.5, 0.75, 3]

  /// The three parts of a loss as its paper writes them, for one score: of a real sample, of a fake, of the
  /// generator.
  private static func formula(_ loss: AdversarialLoss, _ x: Double) -> [Double] {
    let probability = 1 / (1 + exp(-x))
    return switch loss {
    case .nonSaturating: [-log(probability), -log(1 - probability), -log(probability)]
    case .saturating: [-log(probability), -log(1 - probability), log(1 - probability)]
    case .hinge: [-min(0, -1 + x), -min(0, -1 - x), -x]
    case .leastSquares: [0.5 * (x - 1) * (x - 1), 0.5 * x * x, 0.5 * (x - 1) * (x - 1)]
    case .wasserstein: [-x, x, -x]
    }
  }

  @Test("each part is the mean of its paper's formula", arguments: AdversarialLoss.allCases)
  func values(_ loss: AdversarialLoss) {
    let scores = Tape().constant(Tensor(Self.scores, shape: [6, 1, 1, 1]))
    let parts = [loss.real(scores), loss.fake(scores), loss.generator(scores)].map(\.value.scalar)
    for (part, value) in parts.enumerated() {
      let expected = Self.scores.reduce(0) { $0 + Self.formula(loss, Double($1))[part] } / 6
      #expect(abs(Double(value) - expected) < 1e-5, "part \(part)")
    }
  }

  @Test("gradients equal central differences", arguments: AdversarialLoss.allCases)
  func gradients(_ loss: AdversarialLoss) {
    // No score lies within a difference of the hinge's corners.
    let scores = Tensor(Self.scores, shape: [6])
    for part in [{ loss.real($0) }, { loss.fake($0) }, { loss.generator($0) }]
      as [@Sendable (Variable) -> Variable]
    {
      #expect(DerivativeCase(loss.rawValue, [scores]) { part($0[0]) }.firstOrderError() < 5e-4)
    }
  }

  @Test("smoothed labels are the cross-entropy of the target 1 - s")
  func smoothing() {
    let tape = Tape()
    let scores = tape.constant(Tensor(Self.scores, shape: [6]))
    let targets = tape.constant(Tensor(repeating: 0.9, shape: [6]))
    let expected = binaryCrossEntropy(logits: scores, targets: targets).value.scalar
    for loss in [AdversarialLoss.nonSaturating, .saturating] {
      #expect(abs(loss.real(scores, smoothing: 0.1).value.scalar - expected) < 1e-6)
    }
  }

  @Test("R1 is the mean squared norm of the slope at the points")
  func zeroCentredPenaltyValue() {
    // D(x) = x₀² + 3 x₁ has the gradient (2 x₀, 3): at (1, 2) 4 + 9, at (-2, 0) 16 + 9.
    let tape = Tape()
    let points = tape.watch(Tensor([1, 2, -2, 0], shape: [2, 2]))
    let squares = tape.constant(Tensor([1, 0], shape: [1, 2]))
    let slopes = tape.constant(Tensor([0, 3], shape: [1, 2]))
    let scores = (points.squared() * squares + points * slopes).sum(along: [1])
    #expect(abs(zeroCentredPenalty(scores: scores, at: points).value.scalar - 19) < 1e-5)
  }

  @Test("the gradient of R1 equals central differences, also through batch norm", arguments: [false, true])
  func zeroCentredPenaltyGradient(isNormalized: Bool) {
    var n = Numbers(seed: 21)
    let inputs = [
      n.between(-1, 1, [4, 3]), n.between(-1, 1, [5, 3]), n.between(-1, 1, [1, 5]), n.between(0.5, 1.5, [5]),
      n.between(-1, 1, [5]),
    ]
    let critic = DerivativeCase("R1", inputs) { x in
      var hidden = x[0].linear(weight: x[1], bias: nil)
      if isNormalized { hidden = hidden.batchNormalized(weight: x[3], bias: x[4], epsilon: 1e-5).output }
      let scores = (hidden + x[4] * x[3]).tanh().linear(weight: x[2], bias: nil)
      return zeroCentredPenalty(scores: scores, at: x[0])
    }
    #expect(critic.firstOrderError() < 2e-3)
  }
}
