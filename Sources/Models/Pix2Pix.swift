import Autograd
public import Networks
public import TensorCore

/// Completion of samples of which a part is known, or of which little is, and translation of one image of a
/// pair into the other: pix2pix (Isola et al. 2017) on contexts that a rule cuts from samples.
///
/// The generator, a ``Pix2PixNetworks``, makes a whole sample of a context; what the context knows stays. The
/// discriminator is DCGAN's and judges context and sample together, as channels beside one another. To the
/// generator's adversarial loss comes the mean absolute difference from the sample that the context was cut
/// from, times a weight. There is no latent noise: their generator learned to ignore it.
///
/// A sample's latent is its context, flattened.
public final class Pix2Pix: Model {
  /// What the networks are built from, and what the generator is shown.
  public let configuration: Configuration
  /// The generator with its average, then the discriminator.
  public let networks: [Network]
  private let generator: Generator
  private let average: Generator
  private let discriminator: Discriminator
  private let game: AdversarialGame

  /// A model with uninitialised parameters.
  /// - Precondition: the objective changes nothing of what the discriminator sees, and has no penalty but R₁.
  public init(_ configuration: Configuration, objective: AdversarialObjective = AdversarialObjective()) {
    precondition(
      objective.augmentation == nil && objective.instanceNoise == 0 && objective.draganWeight == 0,
      "a context is seen as it is")
    self.configuration = configuration
    let generator = configuration.generator
    let discriminator = configuration.discriminator(objective.usesSpectralNorm ? .spectral : .batch)
    (self.generator, self.discriminator) = (generator, discriminator)
    average = configuration.generator
    networks = .adversarial(
      generator: generator, average: average, discriminator: discriminator, weightLimit: objective.clip,
      isSpectral: objective.usesSpectralNorm)
    let rule = configuration.context
    game = AdversarialGame(
      objective, networks: networks,
      contexts: AdversarialGame.Contexts(
        rule: rule, reconstructionWeight: configuration.reconstructionWeight),
      fakes: { microBatch, tape in
        let contexts = tape.samples(microBatch.contexts(by: rule))
        return contexts.appendingChannels(generator(contexts, classes: []))
      },
      judge: { discriminator($0, classes: $1) })
  }

  /// The discriminator's turn, then the generator's, which compares with real samples.
  public var phases: [Phase] { game.phases }

  /// `[H, W, C]`, or `[D, H, W, C]`.
  public var sampleShape: Shape { configuration.sampleShape }

  /// The numbers of a context, `C + 1` for each place.
  public var latentCount: Int { configuration.contextShape.count }

  /// That of the configuration.
  public var context: ContextRule? { configuration.context }

  /// The discriminator's loss on real samples.
  public func open(_ phase: Phase, on microBatch: MicroBatch) -> Evaluation? {
    game.open(phase, on: microBatch)
  }

  /// The generator's and the discriminator's losses.
  public func evaluate(_ phase: Phase, on microBatch: MicroBatch, isOpened: Bool) -> Evaluation {
    game.evaluate(phase, on: microBatch, isOpened: isOpened)
  }

  /// Contexts, completed by the averaged generator, or by the trained one, with its running statistics.
  /// - Parameter latents: contexts, `[N, latentCount]`.
  public func sample(latents: Tensor, classes: [Int], isAveraged: Bool) -> Tensor {
    let contexts = latents.reshaped(Shape([latents.shape[0]] + configuration.contextShape.extents))
    return (isAveraged ? average : generator)(Tape(mode: .inference).constant(contexts), classes: []).value
  }

  /// Those of the convolutions: of other arithmetic there is little.
  public func flopsPerSample(of phase: Phase) -> Double {
    let (generator, discriminator) = configuration.layers
    return game.flopsPerSample(
      of: phase, making: (generator.sum(\.flops), generator.first.sum(\.flops)),
      judging: (discriminator.sum(\.flops), discriminator.first.sum(\.flops)))
  }

  /// Contexts to samples, pairs of a context and a sample to scores.
  public func descriptions(averaged: Bool) -> [NetworkDescription] {
    let (channels, sides) = (configuration.channels, Array(configuration.sampleShape.extents.dropLast()))
    func port(_ name: String, _ channels: Int) -> NetworkDescription.Port { .init(name, [channels] + sides) }
    let (contexts, pairs) = (port("contexts", channels + 1), port("pairs", 2 * channels + 1))
    return [
      NetworkDescription(
        (averaged ? average : generator).main, networks[0].store(averaged: averaged), input: contexts,
        chainExtents: contexts.extents,
        output: port(configuration.axes == 2 ? "images" : "volumes", channels)),
      NetworkDescription(
        discriminator.main, networks[1].store, input: pairs, chainExtents: pairs.extents,
        output: .init("scores", [])),
    ]
  }
}
