public import TensorCore

/// Adam (Kingma and Ba 2015) and, with decoupled weight decay, AdamW (Loshchilov and Hutter 2019), as
/// `torch.optim.Adam` and `torch.optim.AdamW`.
public struct Adam: Optimizer {
  /// Step size.
  public let learningRate: Double
  /// Decay of the mean.
  public let beta1: Double
  /// Decay of the mean square.
  public let beta2: Double
  /// Added to the root.
  public let epsilon: Double
  /// Decoupled weight decay; 0 is plain Adam.
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

  /// The mean and the mean square.
  public var momentNames: [String] { ["mean", "square"] }

  /// One pass over all buffers; see `AdamUpdate`.
  public func step(
    values: UnsafeMutablePointer<Float>, gradient: UnsafePointer<Float>, gradientScale: Float,
    moments: [UnsafeMutablePointer<Float>], average: MovingAverage?, count: Int, step: Int,
    rate: Double
  ) {
    AdamUpdate(
      learningRate: learningRate * rate, beta1: beta1, beta2: beta2, epsilon: epsilon, step: step,
      weightDecay: weightDecay
    ).apply(
      to: values, gradient: gradient, gradientScale: gradientScale, firstMoment: moments[0],
      secondMoment: moments[1], average: average, count: count)
  }
}
