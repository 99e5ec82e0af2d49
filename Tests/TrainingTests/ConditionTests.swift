import Autograd
import Foundation
import Models
import Networks
import TensorCore
import Testing
import Training

@Suite("Games with classes")
struct ConditionTests {
  private static func game(_ form: ClassCondition.Form) -> EngineGame {
    var game = EngineGame(discriminatorTurns: 2)
    game.condition = ClassCondition(form, classes: 3, depth: 2)
    return game
  }

  @Test(
    "two steps of a 2:1 game have the same bits on 1, 2, 3 and 4 ranks, and others than without classes",
    arguments: ClassCondition.Form.allCases, [false, true])
  func sameBits(form: ClassCondition.Form, isSpectral: Bool) throws {
    var game = Self.game(form)
    game.objective.usesSpectralNorm = isSpectral
    game.objective.r1Weight = 1
    func states(_ game: EngineGame, ranks: Int) throws -> [String] {
      try outcomes(ranks: ranks, overlap: ranks > 1, game: game) { rank in
        try rank.train(steps: 2)
        return rank.stateSHA256
      }.map { try $0.get() }
    }
    let reference = try states(game, ranks: 1)[0]
    for ranks in 2...4 {
      #expect(try states(game, ranks: ranks) == Array(repeating: reference, count: ranks))
    }
    var plain = game
    plain.condition = nil
    #expect(try states(plain, ranks: 1)[0] != reference)
  }

  @Test("fakes are asked for by every class about as often, and by place in the global batch")
  func classes() {
    let draw = MicroBatch.Draw(step: 3)
    func asked(_ index: Int, size: Int) -> [Int] {
      MicroBatch(
        index: index, draw: draw, images: Tensor(repeating: 0, shape: [size, 1]), labels: [], seed: 1
      ).fakeClasses(of: 5)
    }
    let whole = asked(0, size: 4096)
    #expect((0..<8).flatMap { asked($0, size: 512) } == whole)
    for number in 0..<5 { #expect(abs(whole.count { $0 == number } - 819) < 100) }
    #expect(whole.count { 0..<5 ~= $0 } == 4096)
  }

  /// A conditional net of one hidden layer on points of the plane, with its numbers in Double.
  private struct Small {
    let model: MLPGAN
    let microBatch: MicroBatch
    let generator: [String: [Double]]
    let discriminator: [String: [Double]]
    static let hidden = 4

    init(_ form: ClassCondition.Form) {
      let model = MLPGAN(
        MLPGAN.Configuration(
          dimensions: 2, latent: 3, hidden: Self.hidden, layers: 1,
          condition: ClassCondition(form, classes: 3, depth: 2)))
      _ = RunState(model: model, optimizers: model.networks.map { _ in Adam() }, seed: 9)
      self.model = model
      let images = KeyedNoise(seed: 3, purpose: .synthetic, turn: 0).normal([6, 1, 1, 2])
      microBatch = MicroBatch(
        index: 1, draw: MicroBatch.Draw(step: 2), images: images, labels: [0, 2, 1, 1, 0, 2], seed: 2)
      func numbers(_ network: Network) -> [String: [Double]] {
        Dictionary(
          uniqueKeysWithValues: network.store.stateDictionary.map {
            ($0.name, $0.value.scalars.map(Double.init))
          })
      }
      generator = numbers(model.networks[0])
      discriminator = numbers(model.networks[1])
    }

    /// W x + b.
    static func linear(_ x: [Double], _ network: [String: [Double]], _ layer: String) -> [Double] {
      let (weight, bias) = (network["\(layer).weight"]!, network["\(layer).bias"]!)
      return bias.indices.map { row in
        bias[row] + x.indices.reduce(0) { $0 + weight[row * x.count + $1] * x[$1] }
      }
    }

    /// A row of a table.
    static func row(_ number: Int, _ table: [Double], _ length: Int) -> [Double] {
      Array(table[number * length..<(number + 1) * length])
    }

    /// G(z, c): the class's vector behind the latent.
    func fakes() -> [(sample: [Double], number: Int)] {
      let z = microBatch.noise(for: .latents, length: 3).scalars.map(Double.init)
      return microBatch.fakeClasses(of: 3).enumerated().map { place, number in
        let input = Self.row(place, z, 3) + Self.row(number, generator["embedding.weight"]!, 2)
        let hidden = Self.linear(input, generator, "main.0").map { max($0, 0) }
        return (Self.linear(hidden, generator, "main.2"), number)
      }
    }

    /// The score of each form, and the logits of classes.
    func judge(_ x: [Double], _ number: Int, _ form: ClassCondition.Form) -> (Double, [Double]) {
      let table = discriminator["embedding.weight"]
      let input = form == .embedding ? x + Self.row(number, table!, 2) : x
      let features = Self.linear(input, discriminator, "main.0").map { $0 > 0 ? $0 : 0.2 * $0 }
      var score = Self.linear(features, discriminator, "main.2")[0]
      if form == .projection {
        score += zip(features, Self.row(number, table!, Self.hidden)).reduce(0) { $0 + $1.0 * $1.1 }
      }
      return (score, form == .auxiliary ? Self.linear(features, discriminator, "auxiliary") : [])
    }
  }

  @Test(
    "losses, and what is reported, are those of the papers, computed by hand",
    arguments: ClassCondition.Form.allCases)
  func formulas(form: ClassCondition.Form) {
    let small = Small(form)
    let fakes = small.fakes()
    let images = small.microBatch.images.scalars.map(Double.init)
    let reals = small.microBatch.labels.enumerated().map { place, label in
      (sample: Small.row(place, images, 2), number: Int(label))
    }
    func softplus(_ x: Double) -> Double { log(1 + exp(x)) }
    func mean(_ samples: [(sample: [Double], number: Int)], _ loss: (Double, [Double], Int) -> Double)
      -> Double
    {
      samples.map { sample, number in
        let (score, logits) = small.judge(sample, number, form)
        return loss(score, logits, number)
      }.reduce(0, +) / Double(samples.count)
    }
    func crossEntropy(_: Double, _ logits: [Double], _ number: Int) -> Double {
      log(logits.map { exp($0) }.reduce(0, +)) - logits[number]
    }
    func isRight(_: Double, _ logits: [Double], _ number: Int) -> Double {
      logits.allSatisfy { $0 <= logits[number] } ? 1 : 0
    }
    let real = mean(reals) { score, _, _ in softplus(-score) }
    let fake = mean(fakes) { score, _, _ in softplus(score) }
    var (judging, making) = (real + fake, mean(fakes) { score, _, _ in softplus(-score) })
    var told = [
      "loss_d": real + fake, "loss_d_real": real, "loss_d_fake": fake,
      "d_x": mean(reals) { score, _, _ in 1 / (1 + exp(-score)) },
      "d_gz": mean(fakes) { score, _, _ in 1 / (1 + exp(-score)) },
      "d_accuracy": mean(reals) { score, _, _ in score > 0 ? 0.5 : 0 }
        + mean(fakes) { score, _, _ in score < 0 ? 0.5 : 0 },
    ]
    if form == .auxiliary {
      let (ofReals, ofFakes) = (mean(reals, crossEntropy), mean(fakes, crossEntropy))
      judging += ofReals + ofFakes
      making += ofFakes
      told["loss_class"] = ofReals + ofFakes
      (told["class_real"], told["class_fake"]) = (mean(reals, isRight), mean(fakes, isRight))
    }
    let phases = small.model.phases
    let evaluations = phases.map { small.model.evaluate($0, on: small.microBatch) }
    let found = evaluations.map { Double($0.loss.value.scalar) }
    #expect(abs(found[0] - judging) < 1e-5 && abs(found[1] - making) < 1e-5, "\(found) \(judging) \(making)")
    #expect(Set(phases[0].statistics.map(\.key)) == Set(told.keys))
    for (statistic, values) in zip(phases[0].statistics, evaluations[0].statistics) {
      #expect(abs(Double(values[0]) - (told[statistic.key] ?? .nan)) < 1e-5, "\(statistic.key)")
    }
  }

  @Test("parameters have PyTorch's names, behind those of the model without classes")
  func names() {
    let plain = EngineRank.makeState().model.networks.map(\.store.parameterNames)
    for (form, name) in zip(ClassCondition.Form.allCases, ["embedding", "embedding", "auxiliary"]) {
      let stores = EngineRank.makeState(game: Self.game(form)).model.networks.map(\.store)
      #expect(stores[0].parameterNames == plain[0] + ["embedding.weight"])
      #expect(stores[1].parameterNames == plain[1] + ["\(name).weight"])
    }
  }

  @Test("without classes initial weights are what they were, and a picture is what latents alone give")
  func neutral() throws {
    let model = EngineRank.makeState().model
    let grid = try SampleGrid(count: 7, of: model, LatentSource(of: model, seed: 1, purpose: .samples))
    #expect(grid.classes.isEmpty && grid.columns == nil && grid.latents.shape == [7, 6])
    #expect(model.classes(inTurnFrom: 3, count: 4).isEmpty)
  }

  @Test("a picture has one class a row and one latent a column, or one class alone")
  func grid() throws {
    let model = EngineRank.makeState(game: Self.game(.projection)).model
    let source = LatentSource(of: model, seed: 1, purpose: .samples)
    let grid = try SampleGrid(count: 7, of: model, source)
    #expect(grid.classes == [0, 0, 1, 1, 2, 2] && grid.columns == 2)
    #expect(grid.latents.rows(0..<2).scalars == grid.latents.rows(4..<6).scalars)
    #expect(grid.latents.rows(0..<1).scalars != grid.latents.rows(1..<2).scalars)
    let images = model.samples(grid.latents, classes: grid.classes)
    #expect(images.rows(0..<1).scalars != images.rows(2..<3).scalars, "the class changes the picture")
    let one = try SampleGrid(count: 7, of: model, only: 2, source)
    #expect(one.classes == [2, 2, 2, 2, 2, 2, 2] && one.columns == nil)
    #expect(try SampleGrid(count: 2, of: model, source).classes == [0, 1])
    let noise = KeyedNoise(seed: 1, purpose: .samples, turn: 0)
    let many = model.samples(noise.normal([130, 6]))
    let parts = model.samples(
      noise.normal([10, 6], from: 120 * 6), classes: model.classes(inTurnFrom: 120, count: 10))
    #expect(many.rows(120..<130).scalars == parts.scalars)
  }
}
