import Autograd
import DataParallel
import MessagePassing
import Models
import Networks
import TensorCore
import Testing
import Training

@Suite("Games of several turns and losses")
struct GameTests {
  /// Three turns of the discriminator for two of the generator, with all that stabilises.
  private static let game = {
    var game = EngineGame(discriminatorTurns: 3, generatorTurns: 2)
    game.objective.r1Weight = 0.5
    game.objective.r1Every = 2
    game.objective.labelSmoothing = 0.1
    game.objective.instanceNoise = 0.2
    game.objective.instanceNoiseEnd = 2
    let rates = LearningRateSchedule(warmup: 2, decay: .cosine, decaySteps: 4)
    game.learningRates = [rates, rates]
    return game
  }()

  private static func states(ranks: Int, overlap: Bool = true) throws -> [String] {
    try outcomes(ranks: ranks, overlap: overlap, game: game) { rank in
      try rank.train(steps: 3)
      return rank.stateSHA256
    }.map { try $0.get() }
  }

  private static let reference = Result { try states(ranks: 1, overlap: false)[0] }

  @Test(
    "a 3:2 game with lazy R1, noise and changing step sizes has the same bits on every world size",
    arguments: [1, 2, 3, 4], [true, false])
  func sameBits(ranks: Int, overlap: Bool) throws {
    let reference = try Self.reference.get()
    #expect(try Self.states(ranks: ranks, overlap: overlap) == Array(repeating: reference, count: ranks))
  }

  @Test("each option changes the weights", arguments: 0..<7)
  func changes(option: Int) throws {
    var game = EngineGame()
    switch option {
    case 0: game.discriminatorTurns = 2
    case 1: game.generatorTurns = 2
    case 2: game.objective.r1Weight = 1
    case 3: game.objective.labelSmoothing = 0.1
    case 4: game.objective.instanceNoise = 0.1
    case 5: game.objective.loss = .hinge
    default: game.learningRates = [LearningRateSchedule(warmup: 5), LearningRateSchedule(warmup: 5)]
    }
    func weights(_ game: EngineGame) throws -> String {
      try outcomes(ranks: 1, game: game) { rank in
        try rank.train(steps: 1)
        return rank.engine.state.weightsSHA256
      }[0].get()
    }
    #expect(try weights(game) != weights(EngineGame()))
  }

  @Test("optimizers count the turns of their own network")
  func counts() throws {
    let counts = try outcomes(ranks: 2, game: Self.game) { rank in
      try rank.train(steps: 3)
      return rank.engine.state.optimizers.map(\.stepCount)
    }.map { try $0.get() }
    #expect(counts == [[6, 9], [6, 9]])
  }

  @Test("weights are cut off at the bound after every update, and only the discriminator's")
  func clipping() throws {
    var game = EngineGame()
    game.objective.loss = .wasserstein
    game.objective.clip = 0.01
    let largest = try outcomes(ranks: 1, game: game) { rank in
      try rank.train(steps: 2)
      return rank.engine.state.model.networks.map { $0.store.flatValues.scalars.map(abs).max() ?? 0 }
    }[0].get()
    #expect(largest[1] == 0.01 && largest[0] > 0.02)
  }

  @Test(
    "a spectrally normalised discriminator has the same bits on 1 and 3 ranks, and moves its vectors each turn"
  )
  func spectralNorm() throws {
    var game = EngineGame(discriminatorTurns: 2)
    game.objective.usesSpectralNorm = true
    func run(ranks: Int, steps: Int) throws -> [(state: String, vectors: [Float])] {
      try outcomes(ranks: ranks, game: game) { rank in
        try rank.train(steps: steps)
        return (rank.stateSHA256, rank.engine.state.model.networks[1].store.flatBuffers.scalars)
      }.map { try $0.get() }
    }
    let reference = try run(ranks: 1, steps: 2)[0]
    #expect(try run(ranks: 3, steps: 2).allSatisfy { $0.state == reference.state })
    #expect(try run(ranks: 1, steps: 0)[0].vectors != reference.vectors)
    let names = EngineRank.makeState(objective: game.objective).model.networks[1].store.bufferNames
    #expect(names.prefix(2) == ["main.0.weight_u", "main.0.weight_v"])
    #expect(!names.contains { $0.contains("running") })
  }

  @Test("fakes of a draw that the generator does not go on with give the discriminator the same loss")
  func unsharedFakes() {
    let model = EngineRank.makeState().model
    func loss(isShared: Bool) -> Float {
      let draw = MicroBatch.Draw(step: 1, round: 1, batch: 1, turn: 1, isShared: isShared)
      let microBatch = EngineRank.microBatch(0, draw)
      let evaluation = model.evaluate(model.phases[0], on: microBatch)
      #expect((microBatch.takeLeft() != nil) == isShared)
      return evaluation.loss.value.scalar
    }
    #expect(loss(isShared: true) == loss(isShared: false))
  }

  private enum LazyPenalty: CaseIterable { case r1, dragan }

  @Test(
    "a lazy penalty is part of the last turn of each interval, with so many times its weight, R1 with half of that",
    arguments: LazyPenalty.allCases)
  private func lazyPenalty(kind: LazyPenalty) throws {
    var objective = AdversarialObjective()
    let weight: Float
    switch kind {
    case .r1:
      (objective.r1Weight, objective.r1Every) = (3, 4)
      weight = 4 * 3 / 2
    case .dragan:
      (objective.draganWeight, objective.draganEvery) = (3, 4)
      weight = 4 * 3
    }
    let model = EngineRank.makeState(objective: objective).model
    let plain = EngineRank.makeState().model
    for turn in 0..<8 {
      let draw = MicroBatch.Draw(step: turn)
      let evaluation = model.evaluate(model.phases[0], on: EngineRank.microBatch(0, draw))
      let without = plain.evaluate(plain.phases[0], on: EngineRank.microBatch(0, draw))
      let penalty = try #require(evaluation.statistics.last?[0])
      #expect((penalty > 0) == (turn % 4 == 3))
      let added = evaluation.loss.value.scalar - without.loss.value.scalar
      #expect(abs(added - weight * penalty) <= 1e-5 * max(1, abs(added)))
    }
  }

  @Test("instance noise has its deviation, is fresh for each of its uses and is gone at its last step")
  func instanceNoise() {
    func model(noise: Float, until end: Int = 0) -> any Model {
      var objective = AdversarialObjective()
      (objective.instanceNoise, objective.instanceNoiseEnd) = (noise, end)
      return EngineRank.makeState(objective: objective).model
    }
    let (falling, plain) = (model(noise: 0.5, until: 10), model(noise: 0))
    func losses(_ model: any Model, step: Int, addedNoise: Float = 0) -> [Float] {
      let images = EngineRank.microBatch(0, step: step).images
      let microBatch = MicroBatch(
        index: 0, draw: MicroBatch.Draw(step: step), images: images, labels: [], seed: 7,
        addedNoise: addedNoise)
      return model.phases.map { model.evaluate($0, on: microBatch).loss.value.scalar }
    }
    for (noisy, clean) in zip(losses(falling, step: 9), losses(plain, step: 9)) { #expect(noisy != clean) }
    #expect(losses(falling, step: 10) == losses(plain, step: 10))
    // Half-way it has half of its deviation; what a rewind adds is added to the deviation.
    #expect(losses(falling, step: 5) == losses(model(noise: 0.25), step: 5))
    #expect(losses(plain, step: 5, addedNoise: 0.25) == losses(falling, step: 5))
    #expect(losses(falling, step: 5, addedNoise: 0.25) == losses(model(noise: 0.5), step: 5))
    let purposes: [KeyedNoise.Purpose] = [.noiseOnReals, .noiseOnFakes, .noiseOnGenerated, .latents]
    let microBatch = EngineRank.microBatch(0, step: 3)
    let noise = purposes.map { microBatch.noise(for: $0, length: 4).scalars }
    #expect(Set(noise).count == 4)
  }

  @Test(
    "a discriminator reports the level of its scores and the share of samples that it takes for what they are",
    arguments: AdversarialLoss.allCases)
  func reports(loss: AdversarialLoss) {
    var objective = AdversarialObjective()
    objective.loss = loss
    let model = MLPGAN(
      MLPGAN.Configuration(dimensions: 2, latent: 1, hidden: 1, layers: 1), objective: objective)
    // All fakes are (0.25, 0), and a score is a sample's first number: with 10 added it passes the rectifier.
    let weights: [[[Float]]] = [[[0], [0], [0, 0], [0.25, 0]], [[1, 0], [10], [1], [-10]]]
    for (network, values) in zip(model.networks, weights) {
      for (parameter, values) in zip(network.store.parameters, values) {
        network.store.set(parameter, to: Tensor(values, shape: parameter.shape))
      }
    }
    let images = Tensor([-1, 9, 0.25, 9, 0.75, 9, 2, 9], shape: [4, 1, 1, 2])
    let microBatch = MicroBatch(
      index: 0, draw: MicroBatch.Draw(step: 0), images: images, labels: [], seed: 2)
    let phase = model.phases[0]
    let values = model.evaluate(phase, on: microBatch).statistics
    func value(_ key: String) -> Float? {
      phase.statistics.firstIndex { $0.key == key }.map { values[$0][0] }
    }
    let levels: [Float] = loss.usesLogits ? [0.5977734, 0.5621765] : [0.5, 0.25]
    for (key, level) in zip(["d_x", "d_gz"], levels) {
      #expect(abs((value(key) ?? .nan) - level) < 1e-5)
    }
    let accuracy: Float? =
      switch loss {
      case .nonSaturating, .saturating, .hinge: 0.75 / 2
      case .leastSquares: 0.5 / 2 + 1.0 / 2
      case .wasserstein: nil
      }
    #expect(value("d_accuracy") == accuracy)
  }

  @Test("a packed discriminator gives one score a pack, and its penalty is of second order")
  func packing() throws {
    var objective = AdversarialObjective()
    objective.r1Weight = 1
    let model = MLPGAN(
      MLPGAN.Configuration(dimensions: 2, latent: 3, hidden: 8, layers: 2, packing: 4), objective: objective)
    let state = RunState(model: model, optimizers: model.networks.map { _ in Adam() }, seed: 1)
    #expect(state.model.networks[1].store.parameters[0].shape == [8, 8])
    #expect(state.model.networks[1].store.parameterNames[0] == "main.0.weight")
    let images = KeyedNoise(seed: 3, purpose: .synthetic, turn: 0).normal([8, 1, 1, 2])
    let microBatch = MicroBatch(
      index: 0, draw: MicroBatch.Draw(step: 0), images: images, labels: [], seed: 2)
    for phase in model.phases {
      let evaluation = model.evaluate(phase, on: microBatch)
      let gradient = evaluation.loss.tape.gradients(
        of: evaluation.loss, forParametersOf: model.networks[phase.network].store)
      #expect(gradient.scalars.allSatisfy(\.isFinite) && gradient.scalars.contains { $0 != 0 })
    }
    #expect(model.samples(Tensor(repeating: 0, shape: [5, 3])).shape == [5, 1, 1, 2])
    let pairs = ConvolutionalGAN(
      ConvolutionalGAN.Configuration(size: 8, channels: 3, discriminatorFeatures: 4, packing: 2))
    #expect(pairs.networks[1].store.parameters[0].shape == [4, 6, 4, 4])
    // A score has one slope, whose length R1 takes: for the sum over all values of a pack, the number of its
    // values.
    let points = Tape().watch(images)
    let packs = points.reshaped([2, 8]).sum(along: [1])
    #expect(zeroCentredPenalty(scores: packs, at: points).value.scalar == 8)
  }

  @Test("a lazy penalty is reported from the first turn with it on, with what it last was")
  func lazyReport() throws {
    var game = EngineGame()
    (game.objective.r1Weight, game.objective.r1Every) = (1, 3)
    for steps in [0, 2, 3, 5] {
      let rank = try EngineRank(SoloCommunicator(), overlap: true, game: game)
      defer { rank.communication.finish() }
      try rank.train(steps: steps)
      let reported = rank.engine.reported(after: steps).filter { $0.0.key == "r1" }
      #expect(reported.count == (steps < 3 ? 0 : 1) && reported.allSatisfy { $0.1 > 0 }, "\(steps) steps")
      #expect(rank.engine.reported(after: steps).contains { $0.0.key == "d_x" } == (steps > 0))
    }
  }

  @Test("the networks' unit scales samples and leaves the game in that unit as it is")
  func scale() {
    func made(_ scale: Float) -> MLPGAN {
      let model = MLPGAN(
        MLPGAN.Configuration(dimensions: 2, latent: 3, hidden: 8, layers: 2, scale: scale))
      _ = RunState(model: model, optimizers: model.networks.map { _ in Adam() }, seed: 1)
      return model
    }
    let (unit, scaled) = (made(1), made(4))
    let latents = KeyedNoise(seed: 3, purpose: .synthetic, turn: 0).normal([5, 3])
    #expect(scaled.samples(latents).scalars == unit.samples(latents).scalars.map { 4 * $0 })
    let images = KeyedNoise(seed: 3, purpose: .synthetic, turn: 1).normal([8, 1, 1, 2])
    for phase in unit.phases {
      let losses = [(unit, images), (scaled, images.multiplied(by: 4))].map { model, images in
        let microBatch = MicroBatch(
          index: 0, draw: MicroBatch.Draw(step: 0), images: images, labels: [], seed: 2)
        return model.evaluate(phase, on: microBatch).loss.value.scalar
      }
      #expect(losses[0] == losses[1])
    }
  }
}
