import Autograd
public import Networks
public import TensorCore

/// A generative adversarial net of fully connected layers for vectors, such as points of the plane.
///
/// With packing the discriminator judges several samples at once (PacGAN, Lin et al. 2018): it sees collapse
/// in a pack, which no single sample shows.
public final class MLPGAN: Model {
  /// What the networks are built from.
  public struct Configuration: Hashable, Sendable {
    /// Length of a sample.
    public let dimensions: Int
    /// Length of a latent vector.
    public let latent: Int
    /// Width of the hidden layers of both networks.
    public let hidden: Int
    /// Hidden layers of each network.
    public let layers: Int
    /// Samples that the discriminator judges at once.
    public let packing: Int
    /// The unit of the networks in the data's: the generator's output is multiplied by it, the
    /// discriminator's input divided, so that both compute with numbers around 1.
    public let scale: Float
    /// How the networks are told the classes of samples; nil if they are not.
    public let condition: ClassCondition?

    /// - Precondition: all are positive, and what is packed has no classes.
    public init(
      dimensions: Int, latent: Int, hidden: Int, layers: Int, packing: Int = 1, scale: Float = 1,
      condition: ClassCondition? = nil
    ) {
      precondition(
        min(dimensions, latent, hidden, min(layers, packing)) > 0 && scale > 0,
        "a network has layers and a layer has units")
      precondition(condition == nil || packing == 1, "a pack of samples has no class")
      self.condition = condition
      self.dimensions = dimensions
      self.latent = latent
      self.hidden = hidden
      self.layers = layers
      self.packing = packing
      self.scale = scale
    }
  }

  /// What the networks are built from.
  public let configuration: Configuration
  /// The generator with its average, then the discriminator.
  public let networks: [Network]
  /// Past fakes.
  public let replay: ReplayBuffer?
  private let generator: Generator
  private let average: Generator
  private let discriminator: Discriminator
  private let game: AdversarialGame
  private let isComputedByPart: Bool
  private let joinsTerms: Bool

  /// A model with uninitialised parameters.
  /// - Parameter replay: past fakes that the discriminator sees among the new ones; nil for none.
  public init(
    _ configuration: Configuration, objective: AdversarialObjective = AdversarialObjective(),
    replay: ReplayBuffer? = nil
  ) {
    self.configuration = configuration
    self.replay = replay
    isComputedByPart =
      configuration.condition == nil && replay == nil && !objective.usesSpectralNorm
      && objective.augmentation == nil
    joinsTerms = isComputedByPart && objective.r1Weight == 0 && objective.draganWeight == 0
    let (latent, pack) = (configuration.latent, configuration.packing * configuration.dimensions)
    let (scale, condition) = (configuration.scale, configuration.condition)
    let generator = configuration.generator
    self.generator = generator
    average = configuration.generator
    let discriminator = configuration.discriminator(isSpectral: objective.usesSpectralNorm)
    self.discriminator = discriminator
    networks = .adversarial(
      generator: generator, average: average, discriminator: discriminator, weightLimit: objective.clip,
      isSpectral: objective.usesSpectralNorm)
    game = AdversarialGame(
      objective, networks: networks, condition: condition, replay: replay, joinsTerms: joinsTerms,
      fakes: { microBatch, tape in
        let made = generator(
          tape.samples(microBatch.noise(for: .latents, length: latent)),
          classes: microBatch.fakeClasses(of: condition?.classes ?? 0))
        return scale == 1 ? made : made * scale
      },
      judge: { samples, classes in
        let packs = samples.reshaped([samples.value.count / pack, pack])
        return discriminator(scale == 1 ? packs : packs * (1 / scale), classes: classes)
      })
  }

  /// The discriminator's turn, then the generator's.
  public var phases: [Phase] { game.phases }

  /// `[1, 1, dimensions]`.
  public var sampleShape: Shape { [1, 1, configuration.dimensions] }

  /// The length of a latent vector.
  public var latentCount: Int { configuration.latent }

  /// The discriminator's loss on real samples.
  public func open(_ phase: Phase, on microBatch: MicroBatch) -> Evaluation? {
    game.open(phase, on: microBatch)
  }

  /// The discriminator's, where nothing but their samples tells them apart.
  public func joinsTerms(of phase: Phase) -> Bool { joinsTerms && phase.role == .discriminator }

  /// Those of the configuration. Classes, past fakes and spectral norm are not computed by parts.
  public func samplesPerPass(acrossNodes: Bool) -> Int {
    isComputedByPart ? configuration.samplesPerPass : 0
  }

  /// The classes of a conditional model.
  public var classCount: Int { configuration.condition?.classes ?? 0 }

  /// The generator's and the discriminator's losses.
  public func evaluate(_ phase: Phase, on microBatch: MicroBatch, isOpened: Bool) -> Evaluation {
    game.evaluate(phase, on: microBatch, isOpened: isOpened)
  }

  /// Samples of the averaged generator, or of the trained one, in the data's own units.
  public func sample(latents: Tensor, classes: [Int], isAveraged: Bool) -> Tensor {
    (isAveraged ? average : generator)(
      Tape(mode: .inference).constant(Self.input(latents)), classes: classes
    ).value
      .multiplied(by: configuration.scale)
  }

  /// Latents to samples in the data's own units, packs of samples to scores.
  public func descriptions(averaged: Bool) -> [NetworkDescription] {
    let (dimensions, packing) = (configuration.dimensions, configuration.packing)
    return [
      NetworkDescription(
        (averaged ? average : generator).main,
        networks[0].store(averaged: averaged),
        input: .init("latents", [configuration.latent]), chainExtents: [configuration.latent],
        outputScale: configuration.scale, output: .init("samples", [dimensions]),
        classes: (averaged ? average : generator).classPart),
      NetworkDescription(
        discriminator.main, networks[1].store, input: .init("samples", [dimensions]),
        chainExtents: [packing * dimensions], inputScale: 1 / configuration.scale,
        output: .init("scores", [], count: packing == 1 ? "N" : "packs"),
        classes: discriminator.classPart,
        further: discriminator.classLogits(of: configuration.condition?.classes ?? 0)),
    ]
  }

  /// Two for each weight of a pass.
  public func flopsPerSample(of phase: Phase) -> Double {
    let generator = configuration.weights(from: configuration.inputCount, to: configuration.dimensions)
    let discriminator = configuration.weights(from: configuration.judgedCount, to: 1)
    return game.flopsPerSample(
      of: phase, making: (2 * generator.reduce(0, +), 2 * generator[0]),
      judging: (2 * discriminator.reduce(0, +), 2 * discriminator[0]),
      telling: 2 * countWeights(of: self.discriminator.auxiliary), packing: configuration.packing)
  }

  private static func input(_ latents: Tensor) -> Tensor {
    latents.reshaped([latents.shape[0], 1, 1, latents.shape[1]])
  }
}

extension MLPGAN.Configuration {
  /// Numbers that the generator is given for a sample.
  var inputCount: Int { latent + (condition?.depth ?? 0) }
  /// Numbers that the discriminator is given for a pack.
  var judgedCount: Int {
    guard let condition, condition.form == .embedding else { return packing * dimensions }
    return dimensions + condition.depth
  }

  /// The chain that makes samples, with what tells it classes.
  var generator: Generator { Generator(chain(from: inputCount, to: dimensions, Rectifier()), condition) }

  /// The chain that judges packs, with what tells it classes.
  func discriminator(isSpectral: Bool) -> Discriminator {
    let main = chain(from: judgedCount, to: 1, Rectifier(slope: 0.2), isSpectral: isSpectral)
    guard let condition else { return Discriminator(main) }
    let classes = condition.classes
    switch condition.form {
    case .embedding:
      return Discriminator(
        main, .embedding, embedding: Embedding(count: classes, depth: condition.depth), auxiliary: nil)
    case .projection:
      let table: any VectorTable =
        isSpectral
        ? SpectralEmbedding(count: classes, depth: hidden) : Embedding(count: classes, depth: hidden)
      return Discriminator(main, .projection, embedding: table, auxiliary: nil)
    case .auxiliary:
      let layer: any Layer =
        isSpectral ? SpectralLinear(from: hidden, to: classes) : Linear(from: hidden, to: classes)
      return Discriminator(main, .auxiliary, embedding: nil, auxiliary: layer)
    }
  }

  /// Hidden layers with a rectifier behind each, then a linear one.
  func chain(
    from inputs: Int, to outputs: Int, _ rectifier: Rectifier, isSpectral: Bool = false
  ) -> Sequential {
    func linear(_ inputs: Int, _ outputs: Int) -> any Layer {
      isSpectral ? SpectralLinear(from: inputs, to: outputs) : Linear(from: inputs, to: outputs)
    }
    var chain = [linear(inputs, hidden), rectifier]
    for _ in 1..<layers { chain += [linear(hidden, hidden), rectifier] }
    return Sequential(chain + [linear(hidden, outputs)])
  }

  /// The weights of each layer of such a chain. In `Double`, because the keys allow sizes that overflow
  /// integers.
  func weights(from inputs: Int, to outputs: Int) -> [Double] {
    let inner = [Double](repeating: Double(hidden) * Double(hidden), count: layers - 1)
    return [Double(inputs) * Double(hidden)] + inner + [Double(hidden) * Double(outputs)]
  }

  /// The weights of both networks, without the biases, which are few.
  public var weightCount: Double { countWeights(of: generator, discriminator(isSpectral: false)) }

  /// The least memory, in bytes, that a rank needs to train with `samples` of a step's samples in
  /// micro-batches of `microBatch`; as
  /// ``ConvolutionalGAN/Configuration/bytesPerRank(samples:microBatch:mebibytes:keepsFakes:)``.
  public func bytesPerRank(samples: Int, microBatch: Int) -> Double {
    let together = MicroBatch.samplesTogether(of: samples, microBatch: microBatch, most: samplesPerPass)
    return 4 * (8 * weightCount + Double(samples) * activations + 6 * together * activations)
  }

  /// Values that are kept of a sample: a layer is one operation with its rectifier.
  private var activations: Double { Double(hidden) * Double(layers) }

  /// See ``MicroBatch/samplesPerPass(activations:mebibytes:)``.
  var samplesPerPass: Int { MicroBatch.samplesPerPass(activations: activations) }
}
