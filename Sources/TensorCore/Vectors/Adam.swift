import CProcessor

/// Adam (Kingma and Ba 2015) and, with decoupled weight decay, AdamW (Loshchilov and Hutter 2019) over flat
/// buffers, in the order of operations of PyTorch's `torch.optim.Adam` and `torch.optim.AdamW`:
/// `m += (1 − β₁)(g − m)`, `v = β₂ v + (1 − β₂) g²`, `p −= learningRate / (1 − β₁ᵗ) · m / (√v / √(1 − β₂ᵗ) +
/// ε)`. Every product is rounded; PyTorch fuses those of the moments.
public struct Adam: Sendable {
  /// The step size.
  public let learningRate: Double
  /// The decay of the first moment per step.
  public let beta1: Double
  /// The decay of the second moment per step.
  public let beta2: Double
  /// Added to the root of the second moment.
  public let epsilon: Double
  /// AdamW's decoupled decay; 0 is plain Adam. Before the update, `p *= 1 − learningRate · weightDecay`.
  public let weightDecay: Double

  /// A rule with PyTorch's defaults.
  public init(
    learningRate: Double = 1e-3, beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-8,
    weightDecay: Double = 0
  ) {
    self.learningRate = learningRate
    self.beta1 = beta1
    self.beta2 = beta2
    self.epsilon = epsilon
    self.weightDecay = weightDecay
  }

  /// Updates `count` parameters, both moments and, if given, the average of the new parameters, in one pass
  /// over memory. The gradient is multiplied by `gradientScale` as it is read.
  ///
  /// Elements do not depend on one another: the update of a range equals that of its parts.
  /// - Parameters:
  ///   - step: t: 1 in the first update.
  ///   - rate: what the step size is multiplied by.
  /// - Precondition: the buffers hold `count` elements and do not overlap; `step` is at least 1.
  public func apply(
    to parameters: UnsafeMutablePointer<Float>, gradient: UnsafePointer<Float>, gradientScale: Float = 1,
    firstMoment: UnsafeMutablePointer<Float>, secondMoment: UnsafeMutablePointer<Float>,
    average: MovingAverage? = nil, count: Int, step: Int, rate: Double = 1
  ) {
    precondition(step >= 1, "Adam counts its steps from 1, not \(step)")
    let kernel = Kernel(
      self, step, rate: rate, gradientScale: gradientScale, averageShare: average?.share ?? 0)
    FlatLanes.split(count) {
      $0.forEach { kernel.update($0, parameters, gradient, firstMoment, secondMoment, average?.values) }
    }
  }
}

/// The coefficients of an update, computed in Float64 and rounded once.
private struct Kernel {
  typealias Vector = SIMD8<Float>

  let gradientShare: Float
  let beta2: Float
  let squareShare: Float
  let negativeStepSize: Float
  let rootOfCorrection: Float
  let reciprocalOfRoot: Float
  let epsilon: Float
  let kept: Float
  let gradientScale: Float
  let averageShare: Float

  init(_ rule: Adam, _ step: Int, rate: Double, gradientScale: Float, averageShare: Float) {
    let learningRate = rule.learningRate * rate
    self.gradientScale = gradientScale
    self.averageShare = averageShare
    gradientShare = Float(1 - rule.beta1)
    beta2 = Float(rule.beta2)
    squareShare = Float(1 - rule.beta2)
    negativeStepSize = Float(-(learningRate / (1 - Self.power(rule.beta1, step))))
    rootOfCorrection = Float((1 - Self.power(rule.beta2, step)).squareRoot())
    reciprocalOfRoot = 1 / rootOfCorrection
    epsilon = Float(rule.epsilon)
    kept = Float(1 - learningRate * rule.weightDecay)
  }

  /// By repeated squaring: the same on every platform.
  private static func power(_ base: Double, _ exponent: Int) -> Double {
    var (result, square, rest) = (1.0, base, exponent)
    while rest > 0 {
      if rest & 1 == 1 { result *= square }
      square *= square
      rest >>= 1
    }
    return result
  }

  @inline(__always)
  func update(
    _ lanes: FlatLanes, _ p: UnsafeMutablePointer<Float>, _ g: UnsafePointer<Float>,
    _ m: UnsafeMutablePointer<Float>,
    _ v: UnsafeMutablePointer<Float>, _ e: UnsafeMutablePointer<Float>?
  ) {
    let gradient = lanes.load(g) * gradientScale
    let first = MovingAverage.interpolated(lanes.load(m), gradient, gradientShare)
    let second = lanes.load(v) * beta2 + squareShare * gradient * gradient
    let denominator = divided(lockstep_sqrt8(second)) + epsilon
    let parameter = lanes.load(p) * kept + negativeStepSize * first / denominator
    lanes.store(first, to: m)
    lanes.store(second, to: v)
    lanes.store(parameter, to: p)
    if let e { lanes.store(MovingAverage.interpolated(lanes.load(e), parameter, averageShare), to: e) }
  }

  /// `root / rootOfCorrection`, rounded as a division is, in a third of its time (Markstein, 1990;
  /// Brisebarre, Muller and Raina, 2004, algorithm 1): one step of Newton's from the rounded quotient, whose
  /// remainder is exact. No root is so small that the remainder would be subnormal.
  @inline(__always)
  private func divided(_ root: Vector) -> Vector {
    let (divisor, reciprocal) = (Vector(repeating: rootOfCorrection), Vector(repeating: reciprocalOfRoot))
    let quotient = root * reciprocal
    let remainder = lockstep_fma8(-quotient, divisor, root)
    return lockstep_fma8(remainder, reciprocal, quotient)
      .replacing(with: quotient, where: quotient .== .infinity)
  }
}
