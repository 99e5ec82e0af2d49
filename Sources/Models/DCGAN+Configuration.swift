public import TensorCore

extension DCGAN {
  /// What a DCGAN is built from.
  public struct Configuration: Hashable, Sendable {
    /// Side of an image: 4 · 2ⁿ.
    public let size: Int
    /// Channels of an image.
    public let channels: Int
    /// Length of a latent vector.
    public let latent: Int
    /// Channels of the generator's last hidden layer.
    public let generatorFeatures: Int
    /// Channels of the discriminator's first hidden layer.
    public let discriminatorFeatures: Int
    /// How the networks are told the classes of samples; nil if they are not.
    public let condition: ClassCondition?
    /// How the discriminator compares samples with one another; nil if it does not.
    public let comparison: SampleComparison?
    /// Samples that the discriminator judges at once, beside one another in its channels (PacGAN, Lin et al.
    /// 2018).
    public let packing: Int

    /// The published widths unless given.
    /// - Precondition: `size` is 4 · 2ⁿ with n ≥ 1; samples that are packed have no classes.
    public init(
      size: Int, channels: Int, latent: Int = 100, generatorFeatures: Int = 64,
      discriminatorFeatures: Int = 64, condition: ClassCondition? = nil, comparison: SampleComparison? = nil,
      packing: Int = 1
    ) {
      precondition(size >= 8 && size & (size - 1) == 0, "a DCGAN's images are 8, 16, 32, 64 … pixels wide")
      precondition(condition == nil || packing == 1, "a pack of samples has no class")
      self.size = size
      self.channels = channels
      self.latent = latent
      self.generatorFeatures = generatorFeatures
      self.discriminatorFeatures = discriminatorFeatures
      self.condition = condition
      self.comparison = comparison
      self.packing = packing
    }

    /// `[H, W, C]`.
    public var sampleShape: Shape { [size, size, channels] }

    /// Stride-2 layers between 4 pixels and the full size.
    var doublings: Int { (size / 4).trailingZeroBitCount }
    /// Numbers that the generator is given for a sample.
    var inputCount: Int { latent + (condition?.depth ?? 0) }
    /// Channels that the discriminator is given.
    var discriminatorChannels: Int { packing * channels + (condition?.form == .embedding ? 1 : 0) }
  }
}

extension DCGAN.Configuration {
  /// The layers of both networks in order of application.
  public var layers: (generator: [ConvolutionShape], discriminator: [ConvolutionShape]) {
    (
      shapes("generator", first: inputCount, inner: generatorFeatures, last: channels),
      shapes("discriminator", first: 1, inner: discriminatorFeatures, last: discriminatorChannels).reversed()
    )
  }

  /// From the 4 x 4 end outward.
  private func shapes(_ network: String, first: Int, inner: Int, last: Int) -> [ConvolutionShape] {
    let isTransposed = network == "generator"
    var wide = inner << (doublings - 1)
    var shapes = [
      ConvolutionShape(
        "\(network) 1-4", large: (4, wide), small: (1, first), .project, isTransposed: isTransposed)
    ]
    for level in 0..<doublings {
      let pixels = 4 << level
      let narrow = level == doublings - 1 ? last : wide / 2
      shapes.append(
        ConvolutionShape(
          "\(network) \(pixels)-\(2 * pixels)", large: (2 * pixels, narrow), small: (pixels, wide), .halve,
          isTransposed: isTransposed))
      wide = narrow
    }
    return shapes
  }

  /// The weights of tables of classes and of the comparison of samples.
  private var otherWeights: Double {
    // What the discriminator's last layer is given.
    let features = Double(16 * (discriminatorFeatures << (doublings - 1)))
    let classes = condition.map { Double($0.classes) * (Double($0.depth) + features) } ?? 0
    return classes + (comparison.map { features * Double($0.kernels) * Double($0.kernelSize) } ?? 0)
  }

  /// The weights of both networks.
  public var weightCount: Double {
    let (generator, discriminator) = layers
    return generator.sum(\.weightCount) + discriminator.sum(\.weightCount) + otherWeights
  }

  /// The least memory, in bytes, that a rank needs to train with `samples` of a step's samples in
  /// micro-batches of `microBatch`: weights, gradient, moments, average and partial sums; the fakes' tapes,
  /// which live from the discriminator's turn to the generator's; and one pass.
  /// - Parameter mebibytes: what a pass over several micro-batches may keep, of each of which the
  ///   discriminator has gradients; nil if a pass computes one.
  public func bytesPerRank(samples: Int, microBatch: Int, mebibytes: Int? = nil) -> Double {
    let (generator, discriminator) = layers
    let most = mebibytes.map { min(samplesPerPass(mebibytes: $0), MicroBatch.mostParts * microBatch) } ?? 0
    let together = Double(min(samples, max(microBatch, most)))
    let gradients = (together / Double(microBatch) - 1) * discriminator.sum(\.weightCount)
    let passes = 2 * generator.sum(\.largeCount) + 4 * discriminator.sum(\.smallCount) / Double(packing)
    return 4
      * (8 * weightCount + gradients + 2 * Double(samples) * generator.sum(\.largeCount) + together * passes)
  }

  /// See ``MicroBatch/samplesPerPass(activations:mebibytes:)``.
  func samplesPerPass(mebibytes: Int) -> Int {
    MicroBatch.samplesPerPass(activations: activations, mebibytes: mebibytes)
  }

  /// Values that are kept of a sample: in front of and behind what follows each convolution of both networks.
  private var activations: Double {
    let (generator, discriminator) = layers
    return 2 * (generator.sum(\.largeCount) + discriminator.sum(\.smallCount) / Double(packing))
  }
}
