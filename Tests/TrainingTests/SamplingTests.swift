import Checkpoints
import Foundation
import Models
import TensorCore
import TestSupport
import Testing
import Training

@Suite("Samples are drawn from a run's latents")
struct SamplingTests {
  private let folder: TemporaryFolder
  let run: String

  /// A run of a small DCGAN that has one checkpoint, of its initial weights.
  init() throws {
    folder = TemporaryFolder()
    run = try Self.makeRun(in: folder)
  }

  static func makeRun(
    in folder: TemporaryFolder, recipe: String = "dcgan", _ words: String...
  ) throws -> String {
    let small = ["model.latent=7", "model.generatorFeatures=2", "model.discriminatorFeatures=2", "seed=11"]
    return try makeRun(in: folder, recipe: recipe, small + words)
  }

  static func makeRun(in folder: TemporaryFolder, recipe: String, _ words: [String]) throws -> String {
    let run = folder.path + "/run"
    let options = try Options.resolve(recipe: recipe, overrides: words)
    let runFolder = try RunFolder.create(at: run, options: options)
    let model = options.makeModel()
    let state = RunState(
      model: model, optimizers: model.networks.map { options.updateRule(of: $0.name) }, seed: options.seed)
    _ = try RunStateTests.generation(state, in: runFolder.checkpointsPath)
    return run
  }

  @Test("the card of its export names no place on this machine, and prints a recipe that is taken")
  func card() throws {
    let folder = TemporaryFolder()
    let run = try Self.makeRun(
      in: folder, "data=/home/me/images", "init.generator=/home/me/g", "init.partial=true", "quality.every=9",
      "quality.space=weights", "quality.weights=/home/me/f", "quality.metric=modes")
    let place = folder.path + "/export"
    _ = try Export(path: run).write(.safetensors, networks: [], isAveraged: true, to: place)
    let card = try String(contentsOfFile: place + "/README.md", encoding: .utf8)
    #expect(!card.contains("/home/me"), "\(card)")
    let recipe = try #require(card.split(separator: "```yaml\n").last?.split(separator: "\n```").first)
    let options = try Options.resolve(yaml: Array(recipe.utf8), name: "card", label: "card.yaml")
    #expect(options.quality.space == .pca && options.quality.metric == .frechet)
    #expect(options.data == .path("images"))
  }

  @Test("the card of a run of volumes is tagged so, and saves what the generator makes, no scores")
  func cardOfVolumes() throws {
    let folder = TemporaryFolder()
    let run = try Self.makeRun(in: folder, recipe: "voxel-gan", "size=16")
    for (networks, isSaving) in [([], true), (["generator"], true), (["discriminator"], false)] {
      let place = folder.path + "/\(networks.first ?? "both")"
      _ = try Export(path: run).write(.safetensors, networks: networks, isAveraged: true, to: place)
      let card = try String(contentsOfFile: place + "/README.md", encoding: .utf8)
      #expect(card.contains("\n- gan\n- voxel-gan\n- 3d\n---"))
      #expect(card.contains("numpy.save(\"samples.npy\"") == isSaving, "\(networks)")
    }
  }

  @Test("an export says that its discriminator takes packs, where it does")
  func packs() throws {
    let folder = TemporaryFolder()
    let run = try Self.makeRun(in: folder, recipe: "ring", ["model.hidden=4", "model.packing=4"])
    for (network, takesPacks) in [("generator", false), ("discriminator", true)] {
      let place = "\(folder.path)/\(network)"
      _ = try Export(path: run).write(.safetensors, networks: [network], isAveraged: true, to: place)
      func file(_ name: String) throws -> String {
        try String(contentsOfFile: "\(place)/\(name)", encoding: .utf8)
      }
      let sentence = "| discriminator | takes packs: N is a multiple of 4, scores are one a pack |"
      #expect(try file("README.md").contains(sentence) == takesPacks)
      #expect(try file("config.json").contains("\"packing\": 4") == takesPacks)
    }
  }

  @Test("an interpolation begins and ends with the grid's latents, bit for bit")
  func ends() throws {
    let sampling = try Sampling(path: run, seed: nil)
    let grid = try sampling.draw(.grid(count: 6)).grid.latents
    let (drawn, images) = try sampling.draw(.interpolation(rows: 3, columns: 5))
    let strips = drawn.latents
    #expect(sampling.step == 3)
    #expect(grid.shape == [6, 7] && strips.shape == [15, 7] && images.shape == [15, 32, 32, 1])
    for row in 0..<3 {
      for (column, sample) in [(0, 2 * row), (4, 2 * row + 1)] {
        let index = row * 5 + column
        #expect(strips.rows(index..<(index + 1)).scalars == grid.rows(sample..<(sample + 1)).scalars)
      }
      // On the great circle, where a straight line would be shorter: half way is as far from both ends.
      let (a, b) = (grid.rows(2 * row..<2 * row + 1).scalars, grid.rows(2 * row + 1..<2 * row + 2).scalars)
      let middle = strips.rows(row * 5 + 2..<row * 5 + 3).scalars
      func dot(_ x: [Float], _ y: [Float]) -> Double {
        zip(x, y).reduce(0) { $0 + Double($1.0) * Double($1.1) }
      }
      let cosine = dot(a, b) / (dot(a, a) * dot(b, b)).squareRoot()
      let scale = 1 / (2 * (1 + cosine)).squareRoot()
      for (place, value) in middle.enumerated() {
        #expect(abs(Double(value) - scale * Double(a[place] + b[place])) < 1e-4)
      }
    }
  }

  @Test("a longer grid begins with the shorter one, and another seed gives another")
  func seeds() throws {
    let own = try Sampling(path: run, seed: nil).draw(.grid(count: 4)).grid.latents.scalars
    #expect(
      try Sampling(path: run, seed: 11).draw(.grid(count: 2)).grid.latents.scalars == Array(own.prefix(14)))
    #expect(try Sampling(path: run, seed: 12).draw(.grid(count: 4)).grid.latents.scalars != own)
  }

  @Test("a run and its checkpoint give the same samples")
  func checkpoint() throws {
    let generation = "\(run)/checkpoints/\(FolderName.generation(3))"
    let images = try [run, generation].map {
      try Sampling(path: $0, seed: nil).draw(.grid(count: 2)).images.scalars
    }
    #expect(images[0] == images[1] && images[0].allSatisfy { (-1...1).contains($0) })
  }
}
