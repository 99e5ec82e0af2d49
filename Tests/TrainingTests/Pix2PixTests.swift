import Autograd
import Glibc
import Models
import Networks
import TensorCore
import Testing
import Training

@Suite("Pix2pix")
struct Pix2PixTests {
  private static func made(
    size: Int = 16, axes: Int = 2, channels: Int = 2, _ rule: ContextRule = ContextRule(.box),
    weight: Float = 100, objective: AdversarialObjective = AdversarialObjective()
  ) -> Pix2Pix {
    let model = Pix2Pix(
      Pix2Pix.Configuration(
        size: size, axes: axes, channels: channels, generatorFeatures: 3, discriminatorFeatures: 2,
        context: rule, reconstructionWeight: weight), objective: objective)
    for (index, network) in model.networks.enumerated() {
      for store in [network.store, network.average].compactMap(\.self) {
        store.initialize(seed: 1, firstOrdinal: 100 * index)
        // Wider than at the start of a training, so that all layers count.
        for parameter in store.parameters where parameter.shape.rank > 1 {
          store.set(parameter, to: parameter.value.multiplied(by: 10))
        }
      }
      network.settle()
    }
    return model
  }

  private static func microBatch(_ model: Pix2Pix, count: Int = 3, isShared: Bool = true) -> MicroBatch {
    microBatch(
      model, count: count,
      MicroBatch.Draw(step: 0, round: 0, batch: 0, turn: 0, isShared: isShared))
  }

  private static func microBatch(_ model: Pix2Pix, count: Int, _ draw: MicroBatch.Draw) -> MicroBatch {
    let shape = model.context!.cutShape(making: model.sampleShape)
    let images = KeyedNoise(seed: 3, purpose: .synthetic, turn: 0).normal(Shape([count] + shape.extents))
      .tanh()
    return MicroBatch(index: 0, draw: draw, images: images, labels: [], seed: 2)
  }

  private static func contexts(_ microBatch: MicroBatch, of model: Pix2Pix) -> Tensor {
    model.context!(
      microBatch.images, noise: microBatch.noise(for: .contexts, length: ContextRule.noiseCount))
  }

  @Test("parameters have names by their places, and the average has the same")
  func names() {
    let network = Self.made(size: 32).networks[0]
    let (outer, inner) = ("main.0.inner", "main.0.inner.2.inner")
    #expect(
      network.store.parameterNames == [
        "\(outer).0.weight", "\(inner).0.weight", "\(inner).1.weight", "\(inner).1.bias",
        "\(inner).3.inner.0.weight", "\(inner).3.inner.1.weight", "\(inner).3.inner.1.bias",
        "\(inner).3.inner.3.weight", "\(inner).3.inner.4.weight", "\(inner).3.inner.4.bias",
        "\(inner).4.weight", "\(inner).5.weight", "\(inner).5.bias", "\(outer).3.weight",
      ])
    #expect(network.average?.parameterNames == network.store.parameterNames)
    #expect(network.store.parameters.first?.shape == [3, 3, 4, 4])
    #expect(network.store.parameters.last?.shape == [6, 2, 4, 4])
  }

  /// Of the discriminator, and of the generator in the same step; nothing is smoothed.
  private struct Losses {
    var real, fake, generator, reconstruction: Double

    init(
      generator: ReferencePix2Pix, discriminator: ReferencePix2Pix, images: Tensor, contexts: Tensor
    ) {
      func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(values.count) }
      func softplus(_ x: Double) -> Double { log(1 + exp(x)) }
      let (images, contexts) = (ReferenceGrids(images), ReferenceGrids(contexts))
      let made = generator.completed(contexts)
      let fakes = discriminator.scores(contexts.appending(made))
      real = mean(discriminator.scores(contexts.appending(images)).map { softplus(-$0) })
      fake = mean(fakes.map(softplus))
      self.generator = mean(fakes.map { softplus(-$0) })
      reconstruction = mean(zip(made.values, images.values).map { abs($0 - $1) })
    }
  }

  private static func turns(of model: Pix2Pix, on microBatch: MicroBatch) throws -> [Evaluation] {
    let (discriminator, generator) = (model.phases[0], model.phases[1])
    return [
      try #require(model.open(discriminator, on: microBatch)),
      model.evaluate(discriminator, on: microBatch, isOpened: true),
      model.evaluate(generator, on: microBatch, isOpened: false),
    ]
  }

  @Test(
    "losses are those of scores of contexts with samples, and of differences, by formula in Float64",
    arguments: [(32, 2, .box), (16, 3, .piece), (16, 2, .coarse), (16, 2, .pair)]
      as [(Int, Int, ContextRule.Kind)],
    [true, false])
  func losses(of shape: (size: Int, axes: Int, kind: ContextRule.Kind), isShared: Bool) throws {
    let model = Self.made(size: shape.size, axes: shape.axes, ContextRule(shape.kind))
    let microBatch = Self.microBatch(model, isShared: isShared)
    let wanted = Losses(
      generator: ReferencePix2Pix(model.networks[0].store),
      discriminator: ReferencePix2Pix(model.networks[1].store),
      images: model.context!.originals(of: microBatch.images),
      contexts: Self.contexts(microBatch, of: model))
    let turns = try Self.turns(of: model, on: microBatch)
    func expect(_ value: Float, _ wanted: Double) {
      #expect(abs(Double(value) - wanted) < 1e-4 * wanted, "\(value) and \(wanted)")
    }
    expect(turns[0].loss.value.scalar, wanted.real)
    expect(turns[1].loss.value.scalar, wanted.fake)
    expect(turns[2].loss.value.scalar, wanted.generator + 100 * wanted.reconstruction)
    #expect(
      turns[2].statistics.count == 2 && model.phases[1].statistics.map(\.key) == ["loss_g", "reconstruction"])
    expect(turns[2].statistics[0][0], wanted.generator)
    expect(turns[2].statistics[1][0], wanted.reconstruction)
  }

  @Test("gradients are the slopes of these losses, at every parameter of both networks")
  func slopes() throws {
    let model = Self.made()
    let microBatch = Self.microBatch(model)
    let contexts = Self.contexts(microBatch, of: model)
    let references = model.networks.map { ReferencePix2Pix($0.store) }
    func losses(_ generator: ReferencePix2Pix, _ discriminator: ReferencePix2Pix) -> Losses {
      Losses(
        generator: generator, discriminator: discriminator, images: microBatch.images, contexts: contexts)
    }
    let turns = try Self.turns(of: model, on: microBatch)
    for (network, turns) in zip(model.networks, [[turns[2]], [turns[0], turns[1]]]) {
      let gradients = turns.map {
        $0.loss.tape.gradients(of: $0.loss, forParametersOf: network.store).scalars
      }
      for (name, parameter) in zip(network.store.parameterNames, network.store.parameters) {
        let middle = parameter.shape.count / 2
        func loss(_ change: Double) -> Double {
          if network.name == "generator" {
            let losses = losses(references[0].adding(change, to: name, at: middle), references[1])
            return losses.generator + 100 * losses.reconstruction
          }
          let losses = losses(references[0], references[1].adding(change, to: name, at: middle))
          return losses.real + losses.fake
        }
        let slope = (loss(1e-5) - loss(-1e-5)) / 2e-5
        let gradient = gradients.reduce(0) { $0 + Double($1[parameter.range.lowerBound + middle]) }
        #expect(
          abs(gradient - slope) < 2e-3 * max(abs(slope), 0.1),
          "\(network.name) \(name): \(gradient), \(slope)")
      }
    }
  }

  @Test("R1 is of the slopes at samples, not at their contexts")
  func r1() throws {
    var objective = AdversarialObjective()
    objective.r1Weight = 3
    let model = Self.made(size: 8, channels: 1, objective: objective)
    let microBatch = Self.microBatch(model, count: 2)
    let contexts = ReferenceGrids(Self.contexts(microBatch, of: model))
    let discriminator = ReferencePix2Pix(model.networks[1].store)
    let images = ReferenceGrids(microBatch.images)
    let slopes = images.values.indices.map { index in
      func sum(_ change: Double) -> Double {
        var images = images
        images.values[index] += change
        return discriminator.scores(contexts.appending(images)).reduce(0, +)
      }
      return (sum(1e-5) - sum(-1e-5)) / 2e-5
    }
    let wanted = slopes.reduce(0) { $0 + $1 * $1 } / 2
    let real = try #require(model.open(model.phases[0], on: microBatch))
    let index = try #require(model.phases[0].statistics.firstIndex { $0.key == "r1" })
    #expect(abs(Double(real.statistics[index][0]) - wanted) < 1e-3 * wanted)
    #expect(abs(real.loss.value.scalar - real.statistics[0][0] - 1.5 * Float(wanted)) < 1e-2 * Float(wanted))
  }

  @Test(
    "lazy R1 is of every so many turns of the discriminator, whatever the generator's turns read",
    arguments: [(1, 2), (2, 3)])
  func lazyR1(turns: (Int, Int)) throws {
    var objective = AdversarialObjective()
    (objective.r1Weight, objective.r1Every) = (1, 2)
    let model = Self.made(size: 8, channels: 1, objective: objective)
    let discriminator = model.phases[0]
    let index = try #require(discriminator.statistics.firstIndex { $0.key == "r1" })
    let schedule = Schedule(zip(model.phases, [turns.0, turns.1]).map { Schedule.Rule($0, repeats: $1) })
    let draws = (0..<4).flatMap { schedule.turns(at: $0) }.filter { $0.phase == discriminator }.map(\.draw)
    let penalised = try draws.map { draw in
      try #require(model.open(discriminator, on: Self.microBatch(model, count: 2, draw)))
        .statistics[index][0] > 0
    }
    #expect(penalised == draws.indices.map { $0 % 2 == 1 })
  }

  @Test("a weight of 0 leaves the difference out of the loss, and it is still reported")
  func withoutReconstruction() throws {
    let model = Self.made(weight: 0)
    let generator = try Self.turns(of: model, on: Self.microBatch(model))[2]
    #expect(generator.loss.value.scalar == generator.statistics[0][0] && generator.statistics[1][0] > 0)
    #expect(!model.phases[1].objective.contains("difference"))
    #expect(Self.made().phases[1].objective.hasSuffix("mean absolute difference of weight 100.0"))
  }

  @Test("each of the generator's turns reads samples, which it compares with")
  func readsSamples() {
    #expect(Self.made().phases.map(\.readsSamples) == [true, true])
  }

  @Test(
    "what is known stays to the bit, the rest is in [-1, 1] and a function of the context alone",
    arguments: [2, 3], [true, false])
  func samples(axes: Int, isAveraged: Bool) {
    let model = Self.made(axes: axes, ContextRule(.piece))
    let microBatch = Self.microBatch(model)
    let contexts = Self.contexts(microBatch, of: model)
    #expect(model.latentCount == contexts.count / 3)
    let latents = contexts.reshaped([3, model.latentCount])
    let samples = model.samples(latents, isAveraged: isAveraged)
    #expect(samples.shape == microBatch.images.shape && samples.scalars.allSatisfy { abs($0) <= 1 })
    let (values, known) = (samples.scalars, contexts.scalars)
    var isKept = true
    for index in values.indices where known[index / 2 * 3 + 2] == 1 {
      isKept = isKept && values[index].bitPattern == known[index / 2 * 3 + index % 2].bitPattern
    }
    #expect(isKept && Set(values).count > 300)
    #expect(model.samples(latents.rows(1..<2), isAveraged: isAveraged).scalars == samples.rows(1..<2).scalars)
  }

  @Test("of a coarse context nothing stays")
  func nothingKnown() {
    let model = Self.made(ContextRule(.coarse))
    let contexts = Self.contexts(Self.microBatch(model), of: model)
    let samples = model.samples(contexts.reshaped([3, model.latentCount])).scalars
    #expect(zip(samples, contexts.channels(0..<2).scalars).allSatisfy { $0 != $1 })
  }

  @Test(
    "the discriminator may be spectrally normalised and kept within bounds",
    arguments: [AdversarialLoss.hinge, .leastSquares, .wasserstein])
  func objectives(loss: AdversarialLoss) throws {
    var objective = AdversarialObjective()
    (objective.loss, objective.usesSpectralNorm, objective.clip) = (loss, true, 0.1)
    let model = Self.made(objective: objective)
    #expect(model.networks.map(\.weightLimit) == [nil, 0.1])
    #expect(model.networks[1].store.parameterNames[0] == "main.0.weight_orig")
    for turn in try Self.turns(of: model, on: Self.microBatch(model)) {
      #expect(turn.loss.value.scalar.isFinite)
    }
  }

  @Test("costs follow from the layers", arguments: [2, 3])
  func costs(axes: Int) {
    let configuration = Pix2Pix.Configuration(
      size: 16, axes: axes, channels: 1, generatorFeatures: 4, discriminatorFeatures: 2,
      context: ContextRule(.box))
    let taps = axes == 2 ? 16.0 : 64
    // Down 2 to 4 to 8 channels, up 8 to 4, then 4 + 4 to 1; 3 to 2 to 4 to a score.
    let (generator, discriminator) = ([8.0, 32, 32, 8], [6.0, 8, 4])
    #expect(configuration.weightCount == taps * (generator + discriminator).reduce(0, +))
    #expect(configuration.convolutions.map(\.weightCount) == (generator + discriminator).map { taps * $0 })
    #expect(
      configuration.convolutions.map(\.name) == [
        "generator 8-16 inner.0", "generator 4-8 inner.0", "generator 4-8 inner.3",
        "generator 8-16 inner.3", "discriminator 8-16", "discriminator 4-8", "discriminator 1-4",
      ])
    let model = Pix2Pix(configuration)
    // By the places of the smaller side.
    func places(_ side: Double) -> Double { pow(side, Double(axes)) }
    let (large, small) = (places(8), places(4))
    let making = 2 * taps * (large * 16 + small * 64)
    let judging = 2 * taps * (large * 6 + small * 8 + 4)
    #expect(model.flopsPerSample(of: model.phases[0]) == 6 * judging - 2 * 2 * taps * large * 6 + making)
    #expect(model.flopsPerSample(of: model.phases[1]) == 2 * judging + 2 * making - 2 * taps * large * 8)
    #expect(configuration.bytesPerRank(samples: 2, microBatch: 1) > 32 * configuration.weightCount)
  }
}
