import Autograd
public import Networks
public import TensorCore

/// Variational autoencoder (Kingma and Welling 2014) of fully connected layers with one hidden layer each
/// way.
///
/// The encoder gives mean and log-variance of q(z|x), the decoder the logits of p(x|z), a Bernoulli
/// distribution of each pixel's brightness. One network and one phase: the negative evidence lower bound.
/// Parameters are called as in PyTorch's example: `fc1`, `fc21`, `fc22`, `fc3`, `fc4`.
public final class VAE: Model {
  /// What the network is built from.
  public struct Configuration: Hashable, Sendable {
    /// Height and width of a sample.
    public let size: Int
    /// Channels of a sample.
    public let channels: Int
    /// Width of the hidden layers.
    public let hidden: Int
    /// Length of a latent vector.
    public let latent: Int

    /// - Precondition: all are positive.
    public init(size: Int, channels: Int, hidden: Int, latent: Int) {
      precondition(min(size, channels, hidden, latent) > 0, "a layer has units")
      self.size = size
      self.channels = channels
      self.hidden = hidden
      self.latent = latent
    }
  }

  /// What the network is built from.
  public let configuration: Configuration
  /// The autoencoder with its average.
  public let networks: [Network]
  /// The one phase.
  public let phases: [Phase]
  private let layers: Layers
  private let average: Layers

  /// A model with uninitialised parameters.
  public init(_ configuration: Configuration) {
    self.configuration = configuration
    layers = Layers(configuration)
    average = Layers(configuration)
    networks = [Network(named: "autoencoder", layers, average: average)]
    phases = [
      Phase(
        index: 0, name: "autoencoder", network: 0,
        objective: "negative evidence lower bound, nats a sample",
        statistics: [
          Statistic("loss", label: "-ELBO", plot: "nats"),
          Statistic("reconstruction", label: "reconstruction", plot: "nats"),
          Statistic("divergence", label: "KL", plot: "nats"),
        ])
    ]
  }

  private struct Layers {
    let fc1: Linear
    let fc21: Linear
    let fc22: Linear
    let fc3: Linear
    let fc4: Linear

    init(_ configuration: Configuration) {
      fc1 = Linear(from: configuration.pixels, to: configuration.hidden)
      fc21 = Linear(from: configuration.hidden, to: configuration.latent)
      fc22 = Linear(from: configuration.hidden, to: configuration.latent)
      fc3 = Linear(from: configuration.latent, to: configuration.hidden)
      fc4 = Linear(from: configuration.hidden, to: configuration.pixels)
    }

    /// Mean and log-variance of q(z|x).
    func encode(_ pixels: Variable) -> (mean: Variable, logVariance: Variable) {
      let hidden = Sequential([fc1, Rectifier()])(pixels)
      return (fc21(hidden), fc22(hidden))
    }

    /// The logits of p(x|z).
    func decode(_ latents: Variable) -> Variable { Sequential([fc3, Rectifier(), fc4])(latents) }
  }

  /// `[size, size, channels]`.
  public var sampleShape: Shape { [configuration.size, configuration.size, configuration.channels] }

  /// The length of a latent vector.
  public var latentCount: Int { configuration.latent }

  /// Those of the configuration.
  public func samplesPerPass(acrossNodes: Bool) -> Int { configuration.samplesPerPass }

  /// Forward pass, weight gradients, and input gradients of all but the first layer.
  public func flopsPerSample(of phase: Phase) -> Double {
    let weights = configuration.weights
    return 2 * (3 * weights.reduce(0, +) - weights[0])
  }

  /// -ELBO by the reparameterisation z = μ + σ ε with one ε a sample, keyed like latents (Kingma and Welling,
  /// eq. 10).
  public func evaluate(_ phase: Phase, on microBatch: MicroBatch, isOpened: Bool) -> Evaluation {
    let tape = microBatch.tape(watching: networks[0].store)
    // Brightness in [0, 1].
    let pixels = microBatch.images.reshaped([microBatch.count, configuration.pixels])
      .adding(1).multiplied(by: 0.5)
    let (mean, logVariance) = layers.encode(tape.samples(pixels))
    let noise = tape.samples(microBatch.noise(for: .latents, length: configuration.latent))
    let logits = layers.decode(mean + (logVariance * 0.5).exp() * noise)
    let reconstruction =
      binaryCrossEntropy(logits: logits, targets: tape.samples(pixels)) * Float(configuration.pixels)
    let divergence = standardNormalDivergence(mean: mean, logVariance: logVariance)
    let loss = reconstruction + divergence
    return Evaluation(
      loss: loss, statistics: [loss, reconstruction, divergence].map(microBatch.values))
  }

  /// The mean brightness under p(x|z) by the averaged decoder, or by the trained one.
  public func sample(latents: Tensor, classes: [Int], isAveraged: Bool) -> Tensor {
    let decoder = isAveraged ? average : layers
    return decoder.decode(Tape(mode: .inference).constant(latents)).value
      .sigmoid().multiplied(by: 2).adding(-1)
      .reshaped(Shape([latents.shape[0]] + sampleShape.extents))
  }

  /// Two networks of their own, because the draw of latents between them has no counterpart in other
  /// programs: the decoder, from latents to brightness in [0, 1], and the encoder, from brightness to mean
  /// and log-variance of q(z|x).
  public func descriptions(averaged: Bool) -> [NetworkDescription] {
    let layers = averaged ? average : layers
    let (size, channels, latent) = (configuration.size, configuration.channels, configuration.latent)
    let image = NetworkDescription.Port("brightness", [channels, size, size])
    // Other programs have the channels of an image outermost.
    let first = layers.fc1.weight.value.reshaped([configuration.hidden, size, size, channels]).channelsFirst()
    let last = layers.fc4.weight.value.reshaped([size, size, channels, configuration.hidden])
      .transposed([2, 0, 1, 3])
    let lastBias = layers.fc4.bias?.value.reshaped([1, size, size, channels]).channelsFirst()
    let pixels = configuration.pixels
    return [
      NetworkDescription(
        "decoder",
        NetworkDescription.NamedOperation.chain(
          [
            layers.fc3.operation, .rectifier(slope: 0),
            .linear(
              weight: last.reshaped([pixels, configuration.hidden]), bias: lastBias?.reshaped([pixels])),
            .sigmoid,
          ], at: "main"),
        input: .init("latents", [latent]), chainExtents: [latent], output: image),
      NetworkDescription(
        "encoder",
        NetworkDescription.NamedOperation.chain(
          [
            .linear(
              weight: first.reshaped([configuration.hidden, pixels]), bias: layers.fc1.bias?.value),
            .rectifier(slope: 0), layers.fc21.operation,
          ], at: "main"),
        input: image, chainExtents: [pixels], output: .init("mean", [latent]),
        further: .init(.init("log_variance", layers.fc22), output: .init("log_variance", [latent]))),
    ]
  }
}

extension VAE.Configuration {
  /// Numbers of a sample.
  var pixels: Int { size * size * channels }

  /// The weights of each layer, in order. In `Double`, because the keys allow sizes that overflow integers.
  var weights: [Double] {
    let (pixels, hidden) = (Double(size) * Double(size) * Double(channels), Double(hidden))
    return [pixels * hidden, 2 * hidden * Double(latent), Double(latent) * hidden, hidden * pixels]
  }

  /// The weights of all layers.
  public var weightCount: Double { weights.reduce(0, +) }

  /// The least memory, in bytes, that a rank needs to train with `samples` of a step's samples in
  /// micro-batches of `microBatch`; as
  /// ``ConvolutionalGAN/Configuration/bytesPerRank(samples:microBatch:mebibytes:keepsFakes:)``.
  public func bytesPerRank(samples: Int, microBatch: Int) -> Double {
    let pixels = Double(size) * Double(size) * Double(channels)
    let together = MicroBatch.samplesTogether(of: samples, microBatch: microBatch, most: samplesPerPass)
    return 4 * (8 * weightCount + Double(samples) * pixels + 4 * together * activations)
  }

  /// Values that are kept of a sample.
  private var activations: Double {
    2 * Double(hidden) + 4 * Double(size) * Double(size) * Double(channels)
  }

  /// See ``MicroBatch/samplesPerPass(activations:mebibytes:)``.
  var samplesPerPass: Int { MicroBatch.samplesPerPass(activations: activations) }
}
