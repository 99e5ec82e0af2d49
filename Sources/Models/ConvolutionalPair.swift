import Autograd
import Networks
import TensorCore

/// The generator and the discriminator of Radford et al. (2016), with the generator's moving average: what
/// the convolutional GANs have in common, whatever they minimise.
struct ConvolutionalPair {
  /// The generator with its average, then the discriminator.
  let networks: [Network]
  /// `[packs, size, size, packing · channels]` to `[packs, 1, 1, 1]`.
  let discriminator: Discriminator
  private let generator: Generator
  private let average: Generator
  private let classes: Int
  private let latent: Int

  /// What keeps the discriminator's activations or slopes in bounds.
  enum Normalization {
    /// Batch norm behind the inner convolutions.
    case batch
    /// Each convolution's weights are divided by their largest singular value.
    case spectral
    /// Nothing: for a critic with a gradient penalty, which is of each sample alone.
    case none
  }

  /// Networks with uninitialised parameters.
  /// - Parameter weightLimit: what the discriminator's weights are cut off at.
  init(
    _ configuration: DCGAN.Configuration, normalization: Normalization, weightLimit: Float? = nil
  ) {
    latent = configuration.latent
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

  /// Latents to images, images to scores.
  func descriptions(of configuration: DCGAN.Configuration, averaged: Bool) -> [NetworkDescription] {
    let image = [configuration.channels, configuration.size, configuration.size]
    return [
      NetworkDescription(
        (averaged ? average : generator).main,
        networks[0].store(averaged: averaged),
        input: .init("latents", [latent]), chainExtents: [latent, 1, 1], output: .init("images", image),
        classes: (averaged ? average : generator).classPart),
      NetworkDescription(
        discriminator.main, networks[1].store, input: .init("images", image),
        chainExtents: [configuration.packing * configuration.channels] + image.dropFirst(),
        output: .init("scores", [], count: configuration.packing == 1 ? "N" : "packs"),
        classes: discriminator.classPart),
    ]
  }

  private func input(_ latents: Tensor) -> Tensor { latents.reshaped([latents.shape[0], 1, 1, latent]) }
}

// MARK: - Architecture

extension ConvolutionalPair {
  private static let weights = Initializer.normal(mean: 0, deviation: 0.02)
  private static let scales = Initializer.normal(mean: 1, deviation: 0.02)

  /// `[N, 1, 1, latent]` to `[N, size, size, channels]`: project to 4 x 4, then double and halve the
  /// channels.
  private static func generator(_ configuration: DCGAN.Configuration) -> Sequential {
    var width = configuration.generatorFeatures << (configuration.doublings - 1)
    var layers: [any Layer] = [
      TransposedConvolution(
        from: configuration.inputCount, to: width, .project, bias: false, initializer: weights),
      BatchNorm(channels: width, initializer: scales), Rectifier(),
    ]
    for _ in 1..<configuration.doublings {
      layers += [
        TransposedConvolution(from: width, to: width / 2, .halve, bias: false, initializer: weights),
        BatchNorm(channels: width / 2, initializer: scales), Rectifier(),
      ]
      width /= 2
    }
    layers += [
      TransposedConvolution(
        from: width, to: configuration.channels, .halve, bias: false, initializer: weights),
      Tanh(),
    ]
    return Sequential(layers)
  }

  /// `[N, size, size, channels]` to logits `[N, 1, 1, 1]`: halve and double the channels down to 4 x 4.
  private static func discriminator(
    _ configuration: DCGAN.Configuration, _ normalization: Normalization
  ) -> Discriminator {
    func convolution(_ inputs: Int, _ outputs: Int, _ geometry: ConvolutionGeometry) -> any Layer {
      normalization == .spectral
        ? SpectralConvolution(from: inputs, to: outputs, geometry, initializer: weights)
        : Convolution(from: inputs, to: outputs, geometry, bias: false, initializer: weights)
    }
    let form = configuration.condition?.form
    var width = configuration.discriminatorFeatures
    var layers: [any Layer] = [
      convolution(configuration.discriminatorChannels, width, .halve),
      Rectifier(slope: 0.2),
    ]
    for _ in 1..<configuration.doublings {
      layers.append(convolution(width, width * 2, .halve))
      if normalization == .batch { layers.append(BatchNorm(channels: width * 2, initializer: scales)) }
      layers.append(Rectifier(slope: 0.2))
      width *= 2
    }
    if let comparison = configuration.comparison {
      layers += comparison.layers(features: 4 * 4 * width)
      width += comparison.addedChannels
    }
    layers.append(convolution(width, 1, .project))
    let classes = configuration.condition?.classes ?? 0
    let table: (any VectorTable)? =
      switch form {
      case .embedding:
        Embedding(count: classes, depth: configuration.size * configuration.size)
      case .projection:
        normalization == .spectral
          ? SpectralEmbedding(count: classes, depth: width, initializer: weights)
          : Embedding(count: classes, depth: width, initializer: weights)
      case .auxiliary, nil: nil
      }
    return Discriminator(
      Sequential(layers), form, embedding: table,
      auxiliary: form == .auxiliary ? convolution(width, classes, .project) : nil)
  }
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
    if showsDeviation { layers.append(MinibatchDeviation(group: group)) }
    return layers
  }
}
