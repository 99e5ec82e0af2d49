import Networks

/// How a discriminator compares samples with one another in front of its last layer.
public struct SampleComparison: Hashable, Sendable {
  /// Samples of a group, neighbours in the global batch.
  public let group: Int
  /// Whether it sees the group's deviation; see `MinibatchStandardDeviation`.
  public let showsDeviation: Bool
  /// Kernels of minibatch discrimination; 0 for none. See `MinibatchDiscrimination`.
  public let kernels: Int
  /// Length of the vectors that a kernel compares.
  public let kernelSize: Int

  /// - Precondition: a group has at least two samples, and something is compared.
  public init(group: Int, showsDeviation: Bool, kernels: Int = 0, kernelSize: Int = 8) {
    precondition(group > 1 && (showsDeviation || kernels > 0) && kernelSize > 0, "a comparison of samples")
    self.group = group
    self.showsDeviation = showsDeviation
    self.kernels = kernels
    self.kernelSize = kernelSize
  }

  /// Channels that the last layer sees beside the features.
  var addedChannels: Int { (showsDeviation ? 1 : 0) + kernels }
}

extension SampleComparison {
  /// The layers in front of the last one.
  /// - Parameter features: numbers of a sample there.
  func layers(features: Int) -> [any Layer] {
    var layers: [any Layer] = []
    if kernels > 0 {
      layers.append(
        MinibatchDiscrimination(features: features, kernels: kernels, kernelSize: kernelSize, group: group))
    }
    if showsDeviation { layers.append(MinibatchStandardDeviation(group: group)) }
    return layers
  }
}
