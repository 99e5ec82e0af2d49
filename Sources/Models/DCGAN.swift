import Autograd
import Networks
public import TensorCore

/// Deep convolutional GAN (Radford, Metz and Chintala 2016) with the non-saturating loss of Goodfellow et al.
/// (2014).
///
/// One step: the generator makes fakes; the discriminator's turn scores real images and the detached fakes in two
/// passes (batch norm sees each alone); the generator's turn scores the same fakes with the updated discriminator.
public final class DCGAN: Model {
  /// What a DCGAN is built from.
  public struct Configuration: Hashable, Sendable {
    /// Side of an image: 32 or 64 (4 · 2ⁿ).
    public let size: Int
    /// Channels of an image.
    public let channels: Int
    /// Length of a latent vector.
    public let latent: Int
    /// Channels of the generator's last hidden layer.
    public let generatorFeatures: Int
    /// Channels of the discriminator's first hidden layer.
    public let discriminatorFeatures: Int

    /// The published widths unless given.
    /// - Precondition: `size` is 4 · 2ⁿ with n ≥ 1.
    public init(
      size: Int, channels: Int, latent: Int = 100, generatorFeatures: Int = 64,
      discriminatorFeatures: Int = 64
    ) {
      precondition(size >= 8 && size & (size - 1) == 0, "a DCGAN's images are 8, 16, 32, 64 … pixels wide")
      self.size = size
      self.channels = channels
      self.latent = latent
      self.generatorFeatures = generatorFeatures
      self.discriminatorFeatures = discriminatorFeatures
    }

    /// Stride-2 layers between 4 pixels and the full size.
    var doublings: Int { (size / 4).trailingZeroBitCount }
  }

  /// How samples look and how wide the networks are.
  public let configuration: Configuration
  /// The generator and the discriminator.
  public let networks: [Network]
  /// The discriminator's turn, then the generator's.
  public let phases: [Phase]
  private let generator: Sequential
  private let average: Sequential
  private let discriminator: Sequential

  /// A model with uninitialised parameters.
  public init(_ configuration: Configuration) {
    self.configuration = configuration
    generator = Self.generator(configuration)
    average = Self.generator(configuration)
    discriminator = Self.discriminator(configuration)
    networks = [
      Network(
        ParameterStore(name: "generator", module: Named(main: generator)),
        average: ParameterStore(name: "generator", module: Named(main: average))),
      Network(ParameterStore(name: "discriminator", module: Named(main: discriminator))),
    ]
    phases = [
      Phase(
        index: 0, name: "discriminator", network: 1,
        statistics: [
          Statistic("loss_d", label: "loss D", plot: "loss"), Statistic("loss_d_real"),
          Statistic("loss_d_fake"),
          Statistic("d_x", label: "D(x)", plot: "discriminator"),
          Statistic("d_gz", label: "D(G(z))", plot: "discriminator"),
        ]),
      Phase(
        index: 1, name: "generator", network: 0,
        statistics: [Statistic("loss_g", label: "loss G", plot: "loss")]),
    ]
  }

  /// `[H, W, C]`.
  public var sampleShape: Shape { [configuration.size, configuration.size, configuration.channels] }

  /// The length of a latent vector.
  public var latentCount: Int { configuration.latent }

  /// The generator's and the discriminator's losses; see the type.
  public func evaluate(_ phase: Phase, on microBatch: MicroBatch) -> Evaluation {
    phase == phases[0] ? discriminatorLoss(microBatch) : generatorLoss(microBatch)
  }

  private func discriminatorLoss(_ microBatch: MicroBatch) -> Evaluation {
    let tape = microBatch.tape(watching: networks[1].store)
    let real = discriminator(tape.constant(microBatch.images))
    let fakes = generate(microBatch)
    microBatch.carried = fakes
    let fake = discriminator(tape.constant(fakes.value))
    let realLoss = binaryCrossEntropy(logits: real, isReal: true)
    let fakeLoss = binaryCrossEntropy(logits: fake, isReal: false)
    let loss = realLoss + fakeLoss
    return Evaluation(
      loss: loss,
      statistics: [
        loss.value.scalar, realLoss.value.scalar, fakeLoss.value.scalar, real.value.sigmoid().mean().scalar,
        fake.value.sigmoid().mean().scalar,
      ])
  }

  private func generatorLoss(_ microBatch: MicroBatch) -> Evaluation {
    let fakes = microBatch.carried ?? generate(microBatch)
    microBatch.carried = nil
    let loss = binaryCrossEntropy(logits: discriminator(fakes), isReal: true)
    return Evaluation(loss: loss, statistics: [loss.value.scalar])
  }

  /// Fakes from the step's latents, recorded on the generator's tape.
  private func generate(_ microBatch: MicroBatch) -> Variable {
    let latents = microBatch.noise(for: .latents, length: configuration.latent)
    let tape = microBatch.tape(watching: networks[0].store)
    return generator(tape.constant(latents.reshaped([microBatch.count, 1, 1, configuration.latent])))
  }

  /// Samples of the averaged generator with its running statistics.
  public func sample(latents: Tensor) -> Tensor {
    let input = Tape(mode: .inference).constant(
      latents.reshaped([latents.shape[0], 1, 1, configuration.latent]))
    return average(input).value
  }
}

/// Gives the layers PyTorch's names: `main.0.weight`.
struct Named {
  let main: Sequential
}

extension DCGAN {
  /// Eight times the discriminator's forward pass (two passes forward and back, one forward and back to its input)
  /// and three times the generator's, less the input gradients that nobody needs: those of the first layers.
  public var flopsPerSample: Double {
    let forward = configuration.layerFlops
    let unneeded = 2 * forward.discriminator[0] + forward.generator[0]
    return 8 * forward.discriminator.reduce(0, +) + 3 * forward.generator.reduce(0, +) - unneeded
  }
}

extension DCGAN.Configuration {
  /// Operations of one sample's forward pass in each layer.
  var layerFlops: (generator: [Double], discriminator: [Double]) {
    let taps = 16.0
    func doubled(_ first: Int, _ inner: Int, _ last: Int) -> [Double] {
      // From the 4 x 4 end outward: 16 taps meet every pixel of the smaller side.
      var layers = [2 * taps * Double(first * (inner << (doublings - 1)))]
      for level in 0..<doublings {
        let pixels = Double(16 << (2 * level))
        let wide = inner << (doublings - 1 - level)
        let narrow = level == doublings - 1 ? last : wide / 2
        layers.append(2 * taps * pixels * Double(wide * narrow))
      }
      return layers
    }
    return (
      doubled(latent, generatorFeatures, channels), doubled(1, discriminatorFeatures, channels).reversed()
    )
  }
}

extension DCGAN {
  private static let weights = Initializer.normal(mean: 0, deviation: 0.02)
  private static let scales = Initializer.normal(mean: 1, deviation: 0.02)
  private static let project = ConvolutionGeometry(kernel: [4, 4], stride: [1, 1], padding: [0, 0])
  private static let halve = ConvolutionGeometry(kernel: [4, 4], stride: [2, 2], padding: [1, 1])

  /// `[N, 1, 1, latent]` to `[N, size, size, channels]`: project to 4 x 4, then double and halve the channels.
  static func generator(_ configuration: Configuration) -> Sequential {
    var width = configuration.generatorFeatures << (configuration.doublings - 1)
    var layers: [any Layer] = [
      TransposedConvolution(
        from: configuration.latent, to: width, project, bias: false, initializer: weights),
      BatchNorm(channels: width, initializer: scales), Rectifier(),
    ]
    for _ in 1..<configuration.doublings {
      layers += [
        TransposedConvolution(from: width, to: width / 2, halve, bias: false, initializer: weights),
        BatchNorm(channels: width / 2, initializer: scales), Rectifier(),
      ]
      width /= 2
    }
    layers += [
      TransposedConvolution(
        from: width, to: configuration.channels, halve, bias: false, initializer: weights),
      Tanh(),
    ]
    return Sequential(layers)
  }

  /// `[N, size, size, channels]` to logits `[N, 1, 1, 1]`: halve and double the channels down to 4 x 4.
  /// - Parameter normalized: whether batch norm follows the inner convolutions; a critic with a gradient penalty
  ///   has none, because the penalty is of each sample alone.
  static func discriminator(_ configuration: Configuration, normalized: Bool = true) -> Sequential {
    var width = configuration.discriminatorFeatures
    var layers: [any Layer] = [
      Convolution(from: configuration.channels, to: width, halve, bias: false, initializer: weights),
      Rectifier(slope: 0.2),
    ]
    for _ in 1..<configuration.doublings {
      layers.append(Convolution(from: width, to: width * 2, halve, bias: false, initializer: weights))
      if normalized { layers.append(BatchNorm(channels: width * 2, initializer: scales)) }
      layers.append(Rectifier(slope: 0.2))
      width *= 2
    }
    layers.append(Convolution(from: width, to: 1, project, bias: false, initializer: weights))
    return Sequential(layers)
  }
}
