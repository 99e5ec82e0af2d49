import Autograd
import Models
import Networks
import TensorCore
import Testing
import Training

@Suite("Games whose discriminator sees augmented samples")
struct AugmentedGameTests {
  private static func game(_ kind: Augmentation.Kind) -> EngineGame {
    var game = EngineGame(discriminatorTurns: 2)
    game.objective.r1Weight = 0.5
    game.objective.draganWeight = 1
    game.objective.draganEvery = 2
    game.objective.augmentation = Augmentation(
      kind, Set(Augmentation.Transform.allCases), probability: 0.7)
    return game
  }

  private static func states(_ kind: Augmentation.Kind, ranks: Int) throws -> [String] {
    try outcomes(ranks: ranks, game: game(kind)) { rank in
      try rank.train(steps: 3)
      return rank.stateSHA256
    }.map { try $0.get() }
  }

  @Test(
    "with R1 and DRAGAN through the augmentation, the bits are the same on every world size",
    arguments: [Augmentation.Kind.diffaugment, .ada])
  func sameBits(kind: Augmentation.Kind) throws {
    let reference = try Self.states(kind, ranks: 1)[0]
    for ranks in 2...4 {
      #expect(try Self.states(kind, ranks: ranks) == Array(repeating: reference, count: ranks))
    }
  }

  @Test(
    "every transformation changes both losses and both gradients", arguments: Augmentation.Transform.allCases)
  func changes(transform: Augmentation.Transform) {
    func results(_ augmentation: Augmentation?) -> [[Float]] {
      var objective = AdversarialObjective()
      objective.augmentation = augmentation
      let model = ConvolutionalGAN(
        ConvolutionalGAN.Configuration(
          size: 16, channels: 3, latent: 6, generatorFeatures: 4, discriminatorFeatures: 4),
        objective: objective)
      _ = RunState(model: model, optimizers: model.networks.map { _ in Adam() }, seed: 5)
      let images = KeyedNoise(seed: 3, purpose: .synthetic, turn: 0).uniform([4, 16, 16, 3])
      let microBatch = MicroBatch(
        index: 0, draw: MicroBatch.Draw(step: 0), images: images, labels: [], seed: 7)
      return model.phases.flatMap { phase in
        let evaluation = model.evaluate(phase, on: microBatch)
        let gradient = evaluation.loss.tape.gradients(
          of: evaluation.loss, forParametersOf: model.networks[phase.network].store)
        return [[evaluation.loss.value.scalar], gradient.scalars]
      }
    }
    let plain = results(nil)
    for (augmented, plain) in zip(results(Augmentation(.diffaugment, [transform], probability: 1)), plain) {
      #expect(augmented != plain && augmented.allSatisfy(\.isFinite))
    }
    for (off, plain) in zip(results(Augmentation(.diffaugment, [transform], probability: 0)), plain) {
      #expect(off == plain)
    }
  }

  @Test("a critic's penalty goes through the augmentation, and its gradient is one of the penalty")
  func wassersteinPenalty() {
    func evaluation(_ augmentation: Augmentation?) -> Evaluation {
      let model = WGANGP(
        ConvolutionalGAN.Configuration(
          size: 8, channels: 1, latent: 4, generatorFeatures: 2, discriminatorFeatures: 2),
        augmentation: augmentation)
      _ = RunState(model: model, optimizers: model.networks.map { _ in Adam() }, seed: 5)
      let images = KeyedNoise(seed: 3, purpose: .synthetic, turn: 0).uniform([4, 8, 8, 1])
      return model.evaluate(
        model.phases[0],
        on: MicroBatch(index: 0, draw: MicroBatch.Draw(step: 0), images: images, labels: [], seed: 7))
    }
    let augmented = evaluation(Augmentation(.diffaugment, [.cutout, .translation], probability: 1))
    #expect(augmented.statistics[1][0].isFinite && augmented.statistics[1] != evaluation(nil).statistics[1])
  }

  /// D(x) = w₂ · leaky(W₁ x + b₁) + b₂, whose slope is W₁ᵀ (leaky' ⊙ w₂).
  private struct SmallDiscriminator {
    let first: [Float]
    let bias: [Float]
    let second: [Float]

    init(_ store: ParameterStore) {
      let values = store.parameters.map(\.value.scalars)
      (first, bias, second) = (values[0], values[1], values[2])
    }

    func slope(at x: [Float]) -> Double {
      var gradient = [Double](repeating: 0, count: x.count)
      for unit in bias.indices {
        var sum = Double(bias[unit])
        for i in x.indices { sum += Double(first[unit * x.count + i]) * Double(x[i]) }
        let factor = Double(second[unit]) * (sum > 0 ? 1 : 0.2)
        for i in x.indices { gradient[i] += factor * Double(first[unit * x.count + i]) }
      }
      return gradient.reduce(0) { $0 + $1 * $1 }.squareRoot()
    }
  }

  @Test("DRAGAN's penalty is E(‖∇D(x + δ)‖ - 1)² with δ of half the samples' deviation (Kodali et al. 2017)")
  func dragan() {
    var objective = AdversarialObjective()
    objective.draganWeight = 10
    let model = MLPGAN(
      MLPGAN.Configuration(dimensions: 2, latent: 3, hidden: 16, layers: 1), objective: objective)
    let plain = MLPGAN(MLPGAN.Configuration(dimensions: 2, latent: 3, hidden: 16, layers: 1))
    for model in [model, plain] {
      _ = RunState(model: model, optimizers: model.networks.map { _ in Adam() }, seed: 1)
    }
    let images = KeyedNoise(seed: 3, purpose: .synthetic, turn: 0).normal([32, 1, 1, 2])
    let microBatch = MicroBatch(
      index: 0, draw: MicroBatch.Draw(step: 0), images: images, labels: [], seed: 2)
    let evaluation = model.evaluate(model.phases[0], on: microBatch)

    let x = images.scalars.map(Double.init)
    let mean = x.reduce(0, +) / Double(x.count)
    let deviation = (x.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(x.count)).squareRoot()
    let noise = microBatch.noise(for: .perturbation, length: 2).scalars
    let points = zip(x, noise).map { Float($0 + 0.5 * deviation * Double($1)) }
    let discriminator = SmallDiscriminator(model.networks[1].store)
    let penalty =
      stride(from: 0, to: points.count, by: 2).reduce(0.0) { sum, i in
        let slope = discriminator.slope(at: [points[i], points[i + 1]])
        return sum + (slope - 1) * (slope - 1)
      } / 32
    let place = model.phases[0].statistics.firstIndex { $0.key == "dragan" }
    #expect(place.map { abs(Double(evaluation.statistics[$0][0]) - penalty) < 1e-5 } == true)
    let without = plain.evaluate(plain.phases[0], on: microBatch)
    let added = Double(evaluation.loss.value.scalar - without.loss.value.scalar)
    #expect(abs(added - 10 * penalty) < 1e-4)
  }

  @Test("the sign statistic is the share of real samples taken for real less that of the others")
  func sign() {
    var objective = AdversarialObjective()
    objective.augmentation = Augmentation(.ada, [.flip], probability: 0)
    let model = EngineRank.makeState(objective: objective).model
    let evaluation = model.evaluate(model.phases[0], on: EngineRank.microBatch(0, step: 0))
    #expect(model.phases[0].statistics.last?.key == "sign_real")
    // Two samples a micro-batch.
    #expect([-1, 0, 1].contains(evaluation.statistics.last?[0] ?? .nan))
  }
}
