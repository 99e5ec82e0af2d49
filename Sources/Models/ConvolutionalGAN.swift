import Autograd
public import Networks
public import TensorCore

/// GAN of convolutional networks, deep (Radford, Metz and Chintala 2016), of volumes too (Wu et al. 2016), or
/// residual (Miyato et al. 2018), by default with the non-saturating loss of Goodfellow et al. (2014).
public final class ConvolutionalGAN: Model {
  /// How samples look and how wide the networks are.
  public let configuration: Configuration
  /// Past fakes.
  public let replay: ReplayBuffer?
  private let pair: ConvolutionalPair
  private let game: AdversarialGame

  /// A model with uninitialised parameters.
  /// - Parameter replay: past fakes that the discriminator sees among the new ones; nil for none.
  public init(
    _ configuration: Configuration, objective: AdversarialObjective = AdversarialObjective(),
    replay: ReplayBuffer? = nil
  ) {
    self.configuration = configuration
    self.replay = replay
    let pair = ConvolutionalPair(
      configuration, normalization: objective.usesSpectralNorm ? .spectral : .batch,
      weightLimit: objective.clip)
    self.pair = pair
    game = AdversarialGame(
      objective, networks: pair.networks, condition: configuration.condition, replay: replay,
      fakes: { pair.fakes($0, on: $1) },
      judge: { pair.discriminator($0.packed(configuration.packing), classes: $1) })
  }

  /// The generator and the discriminator.
  public var networks: [Network] { pair.networks }

  /// The discriminator's turn, then the generator's.
  public var phases: [Phase] { game.phases }

  /// `[H, W, C]`, or `[D, H, W, C]`.
  public var sampleShape: Shape { configuration.sampleShape }

  /// The length of a latent vector.
  public var latentCount: Int { configuration.latent }

  /// The discriminator's loss on real samples.
  public func open(_ phase: Phase, on microBatch: MicroBatch) -> Evaluation? {
    game.open(phase, on: microBatch)
  }

  /// What a pass over several micro-batches keeps at most: between nodes 128 MiB. Nil if one computes one:
  /// within a node, so that activations stay in the caches, and with what is not computed by parts, which are
  /// classes, comparisons, past fakes and the derivative of a slope through batch norm; and for residual
  /// networks, whose activations are so many that a pass of several would not be longer.
  public static func mebibytesPerPass(
    _ configuration: Configuration, _ objective: AdversarialObjective, hasReplay: Bool, acrossNodes: Bool
  ) -> Int? {
    let isComputedByPart =
      configuration.architecture == .dcgan && configuration.condition == nil
      && configuration.comparison == nil && !hasReplay
      && !objective.usesSpectralNorm && objective.r1Weight == 0 && objective.draganWeight == 0
    return acrossNodes && isComputedByPart ? 128 : nil
  }

  /// Those of the configuration, or one micro-batch.
  public func samplesPerPass(acrossNodes: Bool) -> Int {
    Self.mebibytesPerPass(
      configuration, game.objective, hasReplay: replay != nil, acrossNodes: acrossNodes
    ).map(configuration.samplesPerPass) ?? 0
  }

  /// The classes of a conditional model.
  public var classCount: Int { configuration.condition?.classes ?? 0 }

  /// The generator's and the discriminator's losses.
  public func evaluate(_ phase: Phase, on microBatch: MicroBatch, isOpened: Bool) -> Evaluation {
    game.evaluate(phase, on: microBatch, isOpened: isOpened)
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

extension ConvolutionalGAN {
  /// Those of the convolutions, and of what compares samples or tells classes.
  public func flopsPerSample(of phase: Phase) -> Double {
    let (generator, discriminator) = configuration.layers
    // What is no convolution compares samples.
    let comparing = countWeights(of: pair.discriminator.main) - discriminator.sum(\.weightCount)
    return game.flopsPerSample(
      of: phase, making: (generator.sum(\.flops), generator.first.sum(\.flops)),
      judging: (discriminator.sum(\.flops) + 2 * comparing, discriminator.first.sum(\.flops)),
      telling: 2 * countWeights(of: pair.discriminator.auxiliary), packing: configuration.packing)
  }
}

extension Variable {
  /// Each `count` neighbours of `[N, …, C]` beside one another: `[N / count, …, count · C]`.
  fileprivate func packed(_ count: Int) -> Variable {
    if count == 1 { return self }
    let (packs, channels) = (shape[0] / count, shape.channels)
    return reshaped([packs, count, value.count / shape[0] / channels, channels]).transposed([0, 2, 1, 3])
      .reshaped(Shape([packs] + shape.extents.dropFirst().dropLast() + [count * channels]))
  }
}
