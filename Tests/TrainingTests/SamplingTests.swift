import Checkpoints
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
    run = folder.path + "/run"
    let options = try Options.resolve(
      recipe: "dcgan",
      overrides: ["model.latent=7", "model.generatorFeatures=2", "model.discriminatorFeatures=2", "seed=11"])
    let runFolder = try RunFolder.create(at: run, options: options)
    let model = options.family.makeModel(options)
    let state = RunState(
      model: model, optimizers: model.networks.map { options.updateRule(of: $0.name) }, seed: options.seed)
    _ = try RunStateTests.generation(state, in: runFolder.checkpointsPath)
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
      let middle = row * 5 + 2
      #expect(strips.rows(middle..<(middle + 1)).scalars != grid.rows(2 * row..<(2 * row + 1)).scalars)
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
