public import TensorCore

/// The per-channel means and unbiased variances that a normalisation layer saw in one pass, of each of its
/// parts.
public struct BatchStatistics {
  /// The layer's running mean, `[C]`.
  public let runningMean: Buffer
  /// The layer's running variance, `[C]`.
  public let runningVariance: Buffer
  /// The weight of one observation in the running statistics.
  public let momentum: Float
  /// The observed means, `[parts, C]`.
  public let mean: Tensor
  /// The observed unbiased variances, `[parts, C]`.
  public let variance: Tensor

  /// The channels of the layer.
  public var channels: Int { mean.shape.channels }

  /// What a layer saw.
  public init(runningMean: Buffer, runningVariance: Buffer, momentum: Float, mean: Tensor, variance: Tensor) {
    self.runningMean = runningMean
    self.runningVariance = runningVariance
    self.momentum = momentum
    self.mean = mean
    self.variance = variance
  }
}
