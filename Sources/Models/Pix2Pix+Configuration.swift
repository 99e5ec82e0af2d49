import Networks
public import TensorCore

extension Pix2Pix {
  /// What the networks are built from, and what the generator is shown.
  public struct Configuration: Hashable, Sendable {
    /// Side of a sample: 4 · 2ⁿ.
    public let size: Int
    /// Axes that have this side: 2 of an image, 3 of a volume.
    public let axes: Int
    /// Channels of a sample.
    public let channels: Int
    /// Channels of the generator at half the full size; each half of that side has twice as many.
    public let generatorFeatures: Int
    /// Channels of the discriminator's first hidden layer.
    public let discriminatorFeatures: Int
    /// Whether the discriminator's convolutions have biases.
    public let hasDiscriminatorBias: Bool
    /// How contexts are cut from samples.
    public let context: ContextRule
    /// The weight of the mean absolute difference from the sample in the generator's loss; 0 leaves it out.
    public let reconstructionWeight: Float

    /// The published widths and weight unless given.
    /// - Precondition: `size` is 4 · 2ⁿ with n ≥ 1, and what `context` cuts it can cut.
    public init(
      size: Int, axes: Int = 2, channels: Int, generatorFeatures: Int = 64, discriminatorFeatures: Int = 64,
      hasDiscriminatorBias: Bool = false, context: ContextRule, reconstructionWeight: Float = 100
    ) {
      ConvolutionShape.check(side: size)
      precondition(axes == 2 || axes == 3, "no such networks of \(axes) axes")
      precondition(min(channels, generatorFeatures, discriminatorFeatures) > 0, "a network has layers")
      precondition(reconstructionWeight >= 0, "differences are made smaller")
      precondition(context.kind != .coarse || size.isMultiple(of: context.factor), "blocks fill a side")
      precondition(context.kind != .grey || channels == 3, "grey is what colours have in common")
      precondition(context.kind != .pair || axes == 2, "pairs are of images")
      self.size = size
      self.axes = axes
      self.channels = channels
      self.generatorFeatures = generatorFeatures
      self.discriminatorFeatures = discriminatorFeatures
      self.hasDiscriminatorBias = hasDiscriminatorBias
      self.context = context
      self.reconstructionWeight = reconstructionWeight
    }

    /// `[H, W, C]`, or `[D, H, W, C]`.
    public var sampleShape: Shape { Shape(Array(repeating: size, count: axes) + [channels]) }
    /// The same with the mask behind the channels.
    var contextShape: Shape { sampleShape.replacingChannels(by: channels + 1) }

    /// Between a side and its half.
    var halving: ConvolutionGeometry { .halving(axes: axes) }
    /// Layers between the full size and 4 places a side.
    var halvings: Int { (size / 4).trailingZeroBitCount }
  }
}

extension Pix2Pix.Configuration {
  /// The network that completes contexts.
  var generator: Generator { Generator(Sequential([Pix2PixNetworks.generator(self)]), nil) }

  /// The network that judges pairs of a context and a sample.
  func discriminator(_ normalization: ConvolutionalPair.Normalization) -> Discriminator {
    ConvolutionalPair.discriminator(
      ConvolutionalGAN.Configuration(
        size: size, axes: axes, channels: 2 * channels + 1, discriminatorFeatures: discriminatorFeatures,
        hasDiscriminatorBias: hasDiscriminatorBias),
      normalization)
  }

  /// The convolutions of both networks in order of application. Networks take no memory before a store has
  /// taken their parameters.
  var layers: (generator: [ConvolutionShape], discriminator: [ConvolutionShape]) {
    let extents = Array(sampleShape.extents.dropLast())
    return (
      generator.main.convolutions(of: "generator", extents: extents),
      discriminator(.none).main.convolutions(of: "discriminator", extents: extents)
    )
  }

  /// The convolutions of both networks in order of application, the generator's first.
  public var convolutions: [ConvolutionShape] { layers.generator + layers.discriminator }

  /// The weights of both networks, without those of norms and the biases, which are few.
  public var weightCount: Double { countWeights(of: generator, discriminator(.none)) }

  /// The least memory, in bytes, that a rank needs to train with `samples` of a step's samples in
  /// micro-batches of `microBatch`; as
  /// ``ConvolutionalGAN/Configuration/bytesPerRank(samples:microBatch:mebibytes:keepsFakes:)``.
  public func bytesPerRank(samples: Int, microBatch: Int, keepsFakes: Bool = true) -> Double {
    let (generator, discriminator) = layers
    let (values, given) = (Double(sampleShape.count), Double(context.cutShape(making: sampleShape).count))
    // What is given, what convolutions give and what is rectified, the latter beside its counterpart too; the
    // context and the pair.
    let making = 2.5 * generator.sum(\.outputCount) + 3 * values
    let together = MicroBatch.samplesTogether(of: samples, microBatch: microBatch, most: 0)
    return 4
      * (8 * weightCount + Double(samples) * (given + (keepsFakes ? making : 0))
        + together * (making + 4 * discriminator.sum(\.outputCount)))
  }
}
