import Networks
public import TensorCore

extension ConvolutionalGAN {
  /// What a convolutional GAN is built from.
  public struct Configuration: Hashable, Sendable {
    /// What the networks' layers are.
    public enum Architecture: Hashable, Sendable {
      /// Convolutions of stride 2 (Radford et al. 2016); see ``DCGANNetworks``.
      case dcgan
      /// Blocks with shortcuts (Miyato et al. 2018); see ``ResidualNetworks``.
      case residual
    }

    /// What the networks' layers are.
    public let architecture: Architecture
    /// Side of a sample: 4 · 2ⁿ.
    public let size: Int
    /// Axes that have this side: 2 of an image, 3 of a volume.
    public let axes: Int
    /// Channels of a sample.
    public let channels: Int
    /// Length of a latent vector.
    public let latent: Int
    /// Channels of the generator's last hidden layer or block.
    public let generatorFeatures: Int
    /// Channels of the discriminator's first hidden layer or block.
    public let discriminatorFeatures: Int
    /// Whether the discriminator's convolutions have biases; those of a residual one have.
    public let hasDiscriminatorBias: Bool
    /// How the networks are told the classes of samples; nil if they are not.
    public let condition: ClassCondition?
    /// How the discriminator compares samples with one another; nil if it does not.
    public let comparison: SampleComparison?
    /// Samples that the discriminator judges at once, beside one another in its channels (PacGAN, Lin et al.
    /// 2018).
    public let packing: Int

    /// The published widths unless given.
    /// - Precondition: `size` is 4 · 2ⁿ with n ≥ 1; samples that are packed have no classes; residual
    ///   networks are of images.
    public init(
      _ architecture: Architecture = .dcgan, size: Int, axes: Int = 2, channels: Int, latent: Int = 100,
      generatorFeatures: Int = 64,
      discriminatorFeatures: Int = 64, hasDiscriminatorBias: Bool = false, condition: ClassCondition? = nil,
      comparison: SampleComparison? = nil,
      packing: Int = 1
    ) {
      ConvolutionShape.check(side: size)
      precondition(condition == nil || packing == 1, "a pack of samples has no class")
      precondition(axes == 2 || axes == 3 && architecture == .dcgan, "no such networks of \(axes) axes")
      self.architecture = architecture
      self.size = size
      self.axes = axes
      self.channels = channels
      self.latent = latent
      self.generatorFeatures = generatorFeatures
      self.discriminatorFeatures = discriminatorFeatures
      self.hasDiscriminatorBias = hasDiscriminatorBias || architecture == .residual
      self.condition = condition
      self.comparison = comparison
      self.packing = packing
    }

    /// `[H, W, C]`, or `[D, H, W, C]`.
    public var sampleShape: Shape { Shape(Array(repeating: size, count: axes) + [channels]) }
    /// The pixels of a sample.
    var places: Int { sampleShape.count / channels }

    /// Between a side and its half.
    var halving: ConvolutionGeometry { .halving(axes: axes) }
    /// Between one pixel and 4 a side.
    var whole: ConvolutionGeometry { .whole(4, axes: axes) }
    /// Layers or blocks between 4 pixels and the full size that double the side.
    var doublings: Int { (size / 4).trailingZeroBitCount }
    /// Numbers that the generator is given for a sample.
    var inputCount: Int { latent + (condition?.depth ?? 0) }
    /// Channels that the discriminator is given.
    var discriminatorChannels: Int { packing * channels + (condition?.form == .embedding ? 1 : 0) }
  }
}

extension ConvolutionalGAN.Configuration {
  /// The networks, which take no memory before a store has taken their parameters. How the discriminator is
  /// normalised changes no cost.
  private var networks: (generator: Generator, discriminator: Discriminator) {
    (Generator(ConvolutionalPair.generator(self), condition), ConvolutionalPair.discriminator(self, .none))
  }

  /// The convolutions of both networks in order of application.
  public var layers: (generator: [ConvolutionShape], discriminator: [ConvolutionShape]) {
    let (generator, discriminator) = networks
    return (
      generator.main.convolutions(of: "generator", extents: whole.stride),
      discriminator.main.convolutions(of: "discriminator", extents: sampleShape.extents.dropLast())
    )
  }

  /// The weights of both networks, without those of norms and the biases, which are few.
  public var weightCount: Double { countWeights(of: networks) }

  /// The least memory, in bytes, that a rank needs to train with `samples` of a step's samples in
  /// micro-batches of `microBatch`: weights, gradient, moments, average and partial sums; the samples, with
  /// the fakes' tapes where they are kept; and one pass.
  /// - Parameters:
  ///   - mebibytes: what a pass over several micro-batches may keep, of each of which the discriminator has
  ///     gradients; nil if a pass computes one.
  ///   - keepsFakes: whether the fakes' tapes live from the discriminator's turn to the generator's.
  public func bytesPerRank(
    samples: Int, microBatch: Int, mebibytes: Int? = nil, keepsFakes: Bool = true
  ) -> Double {
    let (generator, discriminator) = layers
    let most = mebibytes.map { min(samplesPerPass(mebibytes: $0), MicroBatch.mostParts * microBatch) } ?? 0
    let together = MicroBatch.samplesTogether(of: samples, microBatch: microBatch, most: most)
    let gradients = (together / Double(microBatch) - 1) * discriminator.sum(\.weightCount)
    // Blocks keep what is rectified and what is upsampled beside what convolutions give.
    let kept = architecture == .residual ? 2.0 : 1
    let passes = 2 * generator.sum(\.outputCount) + 4 * discriminator.sum(\.outputCount) / Double(packing)
    let fakes = keepsFakes ? kept * 2 * generator.sum(\.outputCount) : 0
    return 4
      * (8 * weightCount + gradients + Double(samples) * (Double(sampleShape.count) + fakes)
        + kept * together * passes)
  }

  /// See ``MicroBatch/samplesPerPass(activations:mebibytes:)``.
  func samplesPerPass(mebibytes: Int) -> Int {
    MicroBatch.samplesPerPass(activations: activations, mebibytes: mebibytes)
  }

  /// Values that are kept of a sample: in front of and behind what follows each convolution of both networks.
  private var activations: Double {
    let (generator, discriminator) = layers
    return 2 * (generator.sum(\.outputCount) + discriminator.sum(\.outputCount) / Double(packing))
  }
}
