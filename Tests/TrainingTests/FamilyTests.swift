import Autograd
import Models
import Testing
import Training

@Suite("What is known of a family before its model is made")
struct FamilyTests {
  private static func options(_ recipe: String) throws -> Options {
    do {
      return try Options.resolve(recipe: recipe)
    } catch {
      return try Options.resolve(recipe: recipe, overrides: ["data=somewhere"])
    }
  }

  @Test("it holds of the model of every recipe", arguments: Recipes.all.map(\.name))
  func figures(recipe: String) throws {
    let options = try Self.options(recipe)
    let model = options.makeModel()
    let weights = Double(model.networks.reduce(0) { $0 + $1.store.count })
    let told = options.weightCount
    #expect(abs(told - weights) < 0.05 * weights, "\(told) of \(weights)")
    let bytes = options.bytesPerRank(samples: options.batch, acrossNodes: false)
    #expect(bytes > 4 * 5 * weights, "value, gradient, two moments and average of each weight at least")
    for phase in model.phases { #expect(model.flopsPerSample(of: phase) > 0) }
  }

  @Test(
    "a sample more takes the fake's tape, which a critic keeps none of, and an image its values",
    arguments: [
      // The generator's 8,192 outputs, kept in front of a norm and behind it, and 32 x 32 values of a sample.
      ("dcgan", ["model.generatorFeatures=16"], 2 * 8192 + 1024),
      ("wgan-gp", ["model.generatorFeatures=16"], 1024),
      ("ring", ["model.layers=16", "model.hidden=256"], 16 * 256),
    ])
  func samples(recipe: String, words: [String], numbers: Int) throws {
    let options = try Options.resolve(recipe: recipe, overrides: words)
    // More than one pass computes.
    let bytes = [4096, 4097].map { options.bytesPerRank(samples: $0, acrossNodes: false) }
    #expect(bytes[1] - bytes[0] == Double(4 * numbers))
  }

  @Test("a sample more in a picture takes its values")
  func pictures() throws {
    let bytes = try ["samples.count=24", "samples.count=25"].map { word in
      let options = try Options.resolve(recipe: "voxel-gan", overrides: [word])
      return options.bytesPerRank(samples: 64, acrossNodes: false)
    }
    #expect(bytes[1] - bytes[0] == 4 * 32 * 32 * 32)
  }

  @Test("networks and phases keep to what files, keys and logs need", arguments: Recipes.all.map(\.name))
  func names(recipe: String) throws {
    let options = try Self.options(recipe)
    let model = options.makeModel()
    let names = model.networks.map(\.name)
    #expect(Set(names) == Set(options.family.options.networks.map(\.network)))
    #expect(Set(names).isDisjoint(with: ["ema", "optimizer", "replay", "powersgd"]))
    #expect(model.phases.map(\.index) == Array(model.phases.indices))
    #expect(model.phases.allSatisfy { model.networks.indices.contains($0.network) })
    // Two phases of one network would share moments, and each move what the other alone has a gradient for.
    #expect(Set(model.phases.map(\.network)).count == model.phases.count)
    let hasLoss = options.family.options.keys.contains { $0.path == AdversarialOptions.loss.key.path }
    #expect(!hasLoss || Set(model.phases.compactMap(\.role)).count == 2, "what balances goes by roles")
    let keys = model.phases.flatMap { $0.statistics.map(\.key) }
    #expect(Set(keys).count == keys.count)
    for phase in model.phases {
      let key: String? =
        switch phase.role {
        case .discriminator: Statistic.discriminatorLoss.key
        case .generator: Statistic.generatorLoss.key
        case nil: nil
        }
      #expect(key.map { key in phase.statistics.contains { $0.key == key } } ?? true)
    }
  }
}
