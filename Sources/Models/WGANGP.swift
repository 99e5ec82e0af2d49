import Autograd
import Networks
public import TensorCore

/// Wasserstein GAN with gradient penalty (Gulrajani et al. 2017) on DCGAN's networks, the critic without batch norm.
///
/// The critic's turn makes its fakes without recording them; the generator's turn makes them anew from the same
/// latents, so that a critic trained several turns for one of the generator costs no memory.
public final class WGANGP: Model {
  /// How samples look and how wide the networks are.
  public let configuration: DCGAN.Configuration
  /// The weight λ of the penalty.
  public let penaltyWeight: Float
  /// The generator and the critic.
  public let networks: [Network]
  /// The critic's turn, then the generator's.
  public let phases: [Phase]
  private let generator: Sequential
  private let average: Sequential
  private let critic: Sequential

  /// A model with uninitialised parameters.
  public init(_ configuration: DCGAN.Configuration, penaltyWeight: Float = 10) {
    self.configuration = configuration
    self.penaltyWeight = penaltyWeight
    generator = DCGAN.generator(configuration)
    average = DCGAN.generator(configuration)
    critic = DCGAN.discriminator(configuration, normalized: false)
    networks = [
      Network(
        ParameterStore(name: "generator", module: Named(main: generator)),
        average: ParameterStore(name: "generator", module: Named(main: average))),
      Network(ParameterStore(name: "discriminator", module: Named(main: critic))),
    ]
    phases = [
      Phase(
        index: 0, name: "discriminator", network: 1,
        statistics: [
          Statistic("loss_d", label: "loss D", plot: "loss"),
          Statistic("penalty", label: "penalty", plot: "gradient penalty"),
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

  /// As DCGAN's, and for the penalty the gradient of a further pass and its derivative: about six critic passes more,
  /// and the generator's pass that the critic's turn does not record.
  public var flopsPerSample: Double {
    let forward = configuration.layerFlops
    return 14 * forward.discriminator.reduce(0, +) + 4 * forward.generator.reduce(0, +)
  }

  /// The critic's loss E[D(fake)] - E[D(x)] + λ penalty, or the generator's -E[D(fake)].
  public func evaluate(_ phase: Phase, on microBatch: MicroBatch) -> Evaluation {
    phase == phases[0] ? criticLoss(microBatch) : generatorLoss(microBatch)
  }

  private func criticLoss(_ microBatch: MicroBatch) -> Evaluation {
    let tape = microBatch.tape(watching: networks[1].store)
    let fakes = generate(microBatch, on: tape)
    let distance = critic(tape.constant(fakes.value)).mean() - critic(tape.constant(microBatch.images)).mean()
    let weight = microBatch.noise(for: .interpolation, length: 1).reshaped([microBatch.count, 1, 1, 1])
    let points = tape.watch(fakes.value + weight * (microBatch.images - fakes.value))
    let penalty = gradientPenalty(scores: critic(points), at: points)
    let loss = distance + penalty * penaltyWeight
    return Evaluation(loss: loss, statistics: [loss.value.scalar, penalty.value.scalar])
  }

  private func generatorLoss(_ microBatch: MicroBatch) -> Evaluation {
    let fakes = generate(microBatch, on: microBatch.tape(watching: networks[0].store))
    let loss = -critic(fakes).mean()
    return Evaluation(loss: loss, statistics: [loss.value.scalar])
  }

  private func generate(_ microBatch: MicroBatch, on tape: Tape) -> Variable {
    let latents = microBatch.noise(for: .latents, length: configuration.latent)
    return generator(tape.constant(latents.reshaped([microBatch.count, 1, 1, configuration.latent])))
  }

  /// Samples of the averaged generator with its running statistics.
  public func sample(latents: Tensor) -> Tensor {
    let input = Tape(mode: .inference).constant(
      latents.reshaped([latents.shape[0], 1, 1, configuration.latent]))
    return average(input).value
  }
}
