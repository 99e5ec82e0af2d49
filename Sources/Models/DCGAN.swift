import Autograd
import Networks
public import TensorCore

/// Deep convolutional GAN (Radford, Metz and Chintala 2016) with the non-saturating loss of Goodfellow et al.
/// (2014).
///
/// One step: the generator makes fakes; the discriminator's turn scores real images and the detached fakes in two
/// passes (batch norm sees each alone); the generator's turn scores the same fakes with the updated discriminator.
public final class DCGAN: Model {
  /// How samples look and how wide the networks are.
  public let configuration: Configuration
  /// The discriminator's turn, then the generator's.
  public let phases: [Phase]
  private let pair: ConvolutionalPair

  /// A model with uninitialised parameters.
  public init(_ configuration: Configuration) {
    self.configuration = configuration
    pair = ConvolutionalPair(configuration, isNormalized: true)
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

  /// The generator and the discriminator.
  public var networks: [Network] { pair.networks }

  /// `[H, W, C]`.
  public var sampleShape: Shape { configuration.sampleShape }

  /// The length of a latent vector.
  public var latentCount: Int { configuration.latent }

  /// The generator's and the discriminator's losses; see the type.
  public func evaluate(_ phase: Phase, on microBatch: MicroBatch) -> Evaluation {
    phase == phases[0] ? discriminatorLoss(microBatch) : generatorLoss(microBatch)
  }

  private func discriminatorLoss(_ microBatch: MicroBatch) -> Evaluation {
    let tape = microBatch.tape(watching: networks[1].store)
    let real = pair.discriminator(tape.constant(microBatch.images))
    let fakes = recordedFakes(microBatch)
    microBatch.carried = fakes
    let fake = pair.discriminator(tape.constant(fakes.value))
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
    let fakes = microBatch.carried ?? recordedFakes(microBatch)
    microBatch.carried = nil
    let loss = binaryCrossEntropy(logits: pair.discriminator(fakes), isReal: true)
    return Evaluation(loss: loss, statistics: [loss.value.scalar])
  }

  private func recordedFakes(_ microBatch: MicroBatch) -> Variable {
    pair.fakes(microBatch, on: microBatch.tape(watching: networks[0].store))
  }

  /// Samples of the averaged generator with its running statistics.
  public func sample(latents: Tensor) -> Tensor { pair.sample(latents: latents) }
}

extension DCGAN {
  /// Eight times the discriminator's forward pass (two passes forward and back, one forward and back to its input)
  /// and three times the generator's, less the input gradients that nobody needs: those of the first layers.
  public var flopsPerSample: Double {
    let (generator, discriminator) = configuration.layers
    let unneeded = 2 * discriminator[0].flops + generator[0].flops
    return 8 * discriminator.sum(\.flops) + 3 * generator.sum(\.flops) - unneeded
  }
}
