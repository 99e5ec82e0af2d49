#if canImport(Glibc)
  import Glibc
#endif

/// Adam (Kingma and Ba 2015) and, with decoupled weight decay, AdamW (Loshchilov and Hutter 2019), as
/// `torch.optim.Adam` and `torch.optim.AdamW`.
public struct Adam: Optimizer {
  /// Step size.
  public let learningRate: Float
  /// Decay of the mean.
  public let beta1: Float
  /// Decay of the mean square.
  public let beta2: Float
  /// Added to the root.
  public let epsilon: Float
  /// Decoupled weight decay; 0 is plain Adam.
  public let weightDecay: Float

  /// A rule with PyTorch's defaults.
  public init(
    learningRate: Float = 1e-3, beta1: Float = 0.9, beta2: Float = 0.999, epsilon: Float = 1e-8,
    weightDecay: Float = 0
  ) {
    self.learningRate = learningRate
    self.beta1 = beta1
    self.beta2 = beta2
    self.epsilon = epsilon
    self.weightDecay = weightDecay
  }

  /// The mean and the mean square.
  public var momentNames: [String] { ["mean", "square"] }

  /// m ← m + (1 - β₁)(g - m); v ← β₂ v + (1 - β₂) g²; p ← (1 - ηλ) p - η/(1 - β₁ᵗ) · m / (√v / √(1 - β₂ᵗ) + ε).
  public func step(
    values: UnsafeMutablePointer<Float>, gradient: UnsafePointer<Float>, gradientScale: Float,
    moments: [UnsafeMutablePointer<Float>], count: Int, step: Int
  ) {
    let (mean, square) = (moments[0], moments[1])
    let stepSize = Float(Double(learningRate) / (1 - pow(Double(beta1), Double(step))))
    let root = Float((1 - pow(Double(beta2), Double(step))).squareRoot())
    let keep = 1 - learningRate * weightDecay
    for i in 0..<count {
      let g = gradient[i] * gradientScale
      let m = mean[i] + (1 - beta1) * (g - mean[i])
      let v = beta2 * square[i] + (1 - beta2) * g * g
      mean[i] = m
      square[i] = v
      values[i] = values[i] * keep - stepSize * (m / (v.squareRoot() / root + epsilon))
    }
  }
}
