import Autograd
public import Networks
public import TensorCore

/// Wasserstein GAN with gradient penalty (Gulrajani et al. 2017) on DCGAN's networks, the critic without
/// batch norm.
///
/// The critic's turn makes its fakes without recording them; the generator's turn makes them anew from the
/// same latents, so that a critic trained several turns for one of the generator costs no memory. What norms
/// see of the critic's fakes moves the generator's running statistics, as in PyTorch, where
/// ``ConvolutionalGAN`` moves them in the generator's turns alone.
public final class WGANGP: Model {
  /// How samples look and how wide the networks are.
  public let configuration: ConvolutionalGAN.Configuration
  /// The weight λ of the penalty.
  public let penaltyWeight: Float
  /// The critic's turn, then the generator's.
  public let phases: [Phase]
  private let pair: ConvolutionalPair
  private let augmentation: Augmentation?

  /// A model with uninitialised parameters.
  public init(
    _ configuration: ConvolutionalGAN.Configuration, penaltyWeight: Float = 10,
    augmentation: Augmentation? = nil
  ) {
    self.configuration = configuration
    self.penaltyWeight = penaltyWeight
    self.augmentation = augmentation
    let seen = augmentation.map { ", \($0.text)" } ?? ""
    pair = ConvolutionalPair(configuration, normalization: .none)
    phases = [
      Phase(
        index: 0, name: "discriminator", network: 1, role: .discriminator,
        objective: "wasserstein, gradient penalty of weight \(penaltyWeight)\(seen)",
        statistics: [
          .discriminatorLoss,
          Statistic("penalty", label: "penalty", plot: "gradient penalty"),
        ]),
      Phase(
        index: 1, name: "generator", network: 0, role: .generator, objective: "wasserstein\(seen)",
        readsSamples: false, statistics: [.generatorLoss]),
    ]
  }

  /// The generator and the critic.
  public var networks: [Network] { pair.networks }

  /// `[H, W, C]`.
  public var sampleShape: Shape { configuration.sampleShape }

  /// What each of the critic's three passes over several micro-batches keeps at most.
  public static let mebibytesPerPass = 32

  /// Those of the configuration: a critic without batch norm is faster so on one node too.
  public func samplesPerPass(acrossNodes: Bool) -> Int {
    configuration.samplesPerPass(mebibytes: Self.mebibytesPerPass)
  }

  /// The length of a latent vector.
  public var latentCount: Int { configuration.latent }

  /// The critic's turn: as DCGAN's, and for the penalty the slope of a further pass and the gradients of
  /// both, six critic passes more. The generator's turn makes its fakes anew.
  public func flopsPerSample(of phase: Phase) -> Double {
    let (generator, critic) = configuration.layers
    return phase.role == .discriminator
      ? 12 * critic.sum(\.flops) - 3 * critic.first.sum(\.flops) + generator.sum(\.flops)
      : 2 * critic.sum(\.flops) + 3 * generator.sum(\.flops) - generator.first.sum(\.flops)
  }

  /// The critic's loss E[D(fake)] - E[D(x)] + λ penalty, or the generator's -E[D(fake)].
  public func evaluate(_ phase: Phase, on microBatch: MicroBatch, isOpened: Bool) -> Evaluation {
    phase.role == .discriminator ? criticLoss(microBatch) : generatorLoss(microBatch)
  }

  private func criticLoss(_ microBatch: MicroBatch) -> Evaluation {
    let tape = microBatch.tape(watching: networks[1].store)
    let fakes = pair.fakes(microBatch, on: tape)
    let fake = score(tape.samples(fakes.value), .augmentationOfFakes, microBatch)
    let real = score(tape.samples(microBatch.images), .augmentation, microBatch)
    let distance = fake.mean() - real.mean()
    let weight = microBatch.noise(for: .interpolation, length: 1).reshaped([microBatch.count, 1, 1, 1])
    let points = tape.watch(fakes.value + weight * (microBatch.images - fakes.value))
    let penalty = gradientPenalty(
      scores: score(points, .augmentationOfPoints, microBatch), at: points)
    let loss = distance + penalty * penaltyWeight
    return Evaluation(loss: loss, statistics: [loss, penalty].map(microBatch.values))
  }

  /// The critic of samples that are augmented, if the recipe says so.
  private func score(
    _ samples: Variable, _ purpose: KeyedNoise.Purpose, _ microBatch: MicroBatch
  ) -> Variable {
    pair.discriminator.main(augmentation?(samples, purpose, microBatch) ?? samples)
  }

  private func generatorLoss(_ microBatch: MicroBatch) -> Evaluation {
    let fakes = pair.fakes(microBatch, on: microBatch.tape(watching: networks[0].store))
    let loss = -score(fakes, .augmentationOfGenerated, microBatch).mean()
    return Evaluation(loss: loss, statistics: [microBatch.values(loss)])
  }

  /// Samples of the averaged generator, or of the trained one, with its running statistics.
  public func sample(latents: Tensor, classes: [Int], isAveraged: Bool) -> Tensor {
    pair.sample(latents: latents, classes: classes, isAveraged: isAveraged)
  }

  /// The generator and the discriminator.
  public func descriptions(averaged: Bool) -> [NetworkDescription] {
    pair.descriptions(of: configuration, averaged: averaged)
  }
}
