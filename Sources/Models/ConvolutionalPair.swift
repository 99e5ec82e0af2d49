import Autograd
import Networks
import TensorCore

/// The generator and the discriminator of convolutional GANs, with the generator's moving average: what these
/// have in common, whatever they minimise.
struct ConvolutionalPair {
  /// The generator with its average, then the discriminator.
  let networks: [Network]
  /// `[packs, size…, packing · channels]` to `[packs, 1…, 1]`.
  let discriminator: Discriminator
  private let generator: Generator
  private let average: Generator
  private let classes: Int
  private let latent: Int
  private let axes: Int

  /// What keeps the discriminator's activations or slopes in bounds.
  enum Normalization {
    /// Batch norm behind the inner convolutions, where the architecture has any.
    case batch
    /// Each convolution's weights are divided by their largest singular value.
    case spectral
    /// Nothing: for a critic with a gradient penalty, which is of each sample alone.
    case none
  }

  /// Networks with uninitialised parameters.
  /// - Parameter weightLimit: what the discriminator's weights are cut off at.
  init(
    _ configuration: ConvolutionalGAN.Configuration, normalization: Normalization, weightLimit: Float? = nil
  ) {
    latent = configuration.latent
    axes = configuration.axes
    classes = configuration.condition?.classes ?? 0
    generator = Generator(Self.generator(configuration), configuration.condition)
    average = Generator(Self.generator(configuration), configuration.condition)
    discriminator = Self.discriminator(configuration, normalization)
    networks = .adversarial(
      generator: generator, average: average, discriminator: discriminator, weightLimit: weightLimit,
      isSpectral: normalization == .spectral)
  }

  /// Fakes from the step's latents, recorded if `tape` watches the generator.
  func fakes(_ microBatch: MicroBatch, on tape: Tape) -> Variable {
    generator(
      tape.samples(input(microBatch.noise(for: .latents, length: latent))),
      classes: microBatch.fakeClasses(of: classes))
  }

  /// Samples of the averaged generator, or of the trained one, with its running statistics.
  func sample(latents: Tensor, classes: [Int], isAveraged: Bool) -> Tensor {
    (isAveraged ? average : generator)(
      Tape(mode: .inference).constant(input(latents)), classes: classes
    ).value
  }

  /// Latents to samples, samples to scores.
  func descriptions(of configuration: ConvolutionalGAN.Configuration, averaged: Bool) -> [NetworkDescription]
  {
    let sample = NetworkDescription.Port(
      axes == 2 ? "images" : "volumes",
      [configuration.channels] + configuration.sampleShape.extents.dropLast())
    return [
      NetworkDescription(
        (averaged ? average : generator).main,
        networks[0].store(averaged: averaged),
        input: .init("latents", [latent]), chainExtents: [latent] + configuration.whole.stride,
        output: sample,
        classes: (averaged ? average : generator).classPart),
      NetworkDescription(
        discriminator.main, networks[1].store, input: sample,
        chainExtents: [configuration.packing * configuration.channels] + sample.extents.dropFirst(),
        output: .init("scores", [], count: configuration.packing == 1 ? "N" : "packs"),
        classes: discriminator.classPart, further: discriminator.classLogits(of: classes)),
    ]
  }

  private func input(_ latents: Tensor) -> Tensor {
    latents.reshaped(Shape([latents.shape[0]] + Array(repeating: 1, count: axes) + [latent]))
  }
}

// MARK: - Architecture

/// What a discriminator has in front of its last layer.
struct DiscriminatorFeatures {
  /// `[N, size…, channels]` to `[N, side…, channels]`.
  var layers: [any Layer]
  let side: Int
  var channels: Int
}

extension ConvolutionalPair.Normalization {
  /// A convolution of the discriminator.
  func convolution(
    from inputs: Int, to outputs: Int, _ geometry: ConvolutionGeometry, bias: Bool, _ initializer: Initializer
  ) -> any Layer {
    self == .spectral
      ? SpectralConvolution(from: inputs, to: outputs, geometry, bias: bias, initializer: initializer)
      : Convolution(from: inputs, to: outputs, geometry, bias: bias, initializer: initializer)
  }
}

extension ConvolutionalPair {
  /// `[N, 1…, latent]` to `[N, size…, channels]`.
  static func generator(_ configuration: ConvolutionalGAN.Configuration) -> Sequential {
    switch configuration.architecture {
    case .dcgan: Sequential(DCGANNetworks.generator(configuration))
    case .residual: Sequential(ResidualNetworks.generator(configuration))
    }
  }

  /// `[N, size…, channels]` to logits `[N, 1…, 1]`.
  static func discriminator(
    _ configuration: ConvolutionalGAN.Configuration, _ normalization: Normalization
  ) -> Discriminator {
    let isResidual = configuration.architecture == .residual
    var features =
      isResidual
      ? ResidualNetworks.features(configuration, normalization)
      : DCGANNetworks.features(configuration, normalization)
    let whole = ConvolutionGeometry.whole(features.side, axes: configuration.axes)
    if let comparison = configuration.comparison {
      features.layers += comparison.layers(features: whole.taps * features.channels)
      features.channels += comparison.addedChannels
    }
    func last(to outputs: Int) -> any Layer {
      normalization.convolution(
        from: features.channels, to: outputs, whole, bias: configuration.hasDiscriminatorBias,
        isResidual ? ResidualNetworks.weights(features.channels, outputs, taps: 1) : DCGANNetworks.weights)
    }
    let form = configuration.condition?.form
    let classes = configuration.condition?.classes ?? 0
    let table: (any VectorTable)? =
      switch form {
      case .embedding:
        Embedding(count: classes, depth: configuration.places)
      case .projection:
        normalization == .spectral
          ? SpectralEmbedding(count: classes, depth: features.channels, initializer: DCGANNetworks.weights)
          : Embedding(count: classes, depth: features.channels, initializer: DCGANNetworks.weights)
      case .auxiliary, nil: nil
      }
    return Discriminator(
      Sequential(features.layers + [last(to: 1)]), form, embedding: table,
      auxiliary: form == .auxiliary ? last(to: classes) : nil)
  }
}
