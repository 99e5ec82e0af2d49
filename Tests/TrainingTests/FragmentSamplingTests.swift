import Datasets
import Foundation
import Models
import TensorCore
import TestSupport
import Testing
import Training

@Suite("A diffusion run completes a person's fragments")
struct FragmentSamplingTests {
  private let folder = TemporaryFolder()

  private func makeRun(_ words: String...) throws -> String {
    try SamplingTests.makeRun(
      in: folder, recipe: "diffusion",
      ["model.features=4", "model.samplingSteps=3", "size=16", "samples.count=4", "seed=11"] + words)
  }

  /// Three fragments, known on the left.
  private func fragments() throws -> (path: String, values: [Float]) {
    let values = (0..<3 * 256).map { Float($0 % 16 < 8 ? Double($0) / 768 : Double.nan) }
    return (try folder.writeNumPy([3, 16, 16], values), values)
  }

  private func images(_ run: String, _ path: String?, count: Int, seed: UInt64? = nil) throws -> [Float] {
    try Sampling(path: run, seed: seed, contexts: path).draw(.grid(count: count)).images.scalars
  }

  @Test("each fragment once, or as often as is asked for; known values stay")
  func several() throws {
    let (run, (path, values)) = (try makeRun(), try fragments())
    let sampling = try Sampling(path: run, seed: nil, contexts: path)
    #expect(sampling.usualCount == 3)
    let (grid, images) = try sampling.draw(.grid(count: 8))
    #expect(images.shape == [8, 16, 16, 1] && grid.completion?.originals == nil)
    for sample in 0..<8 {
      let made = images.rows(sample..<sample + 1).scalars
      let given = values[sample % 3 * 256..<(sample % 3 + 1) * 256]
      for (value, given) in zip(made, given) where !given.isNaN { #expect(value == 2 * given - 1) }
    }
    #expect(images.rows(0..<1).scalars != images.rows(3..<4).scalars)
    #expect(try self.images(run, path, count: 3) == images.rows(0..<3).scalars)
  }

  @Test("fragments and contexts with a value a little below 0 are told with their file")
  func doubtfulRange() throws {
    let inpainting = TemporaryFolder()
    let runs = [
      try makeRun(),
      try SamplingTests.makeRun(
        in: inpainting, recipe: "inpainting",
        ["model.generatorFeatures=2", "model.discriminatorFeatures=2", "size=16", "channels=1"]),
    ]
    let path = try folder.writeNumPy(
      [16, 16], [-0.01, .nan] + [Float](repeating: 1, count: 254), to: "doubtful.npy")
    for run in runs {
      #expect(
        try Sampling(path: run, seed: nil, contexts: path).remarks
          == ["warning: values of -0.01 to 1.0 read as -1...1, where 0 is half full (\(path))"])
      #expect(try Sampling(path: run, seed: nil, contexts: fragments().path).remarks.isEmpty)
    }
  }

  @Test("fragments of which all is known are counted, and refused where there are no others")
  func whole() throws {
    let (inpainting, refining) = (TemporaryFolder(), TemporaryFolder())
    let words = ["model.generatorFeatures=2", "model.discriminatorFeatures=2", "size=16", "channels=1"]
    let runs = [
      try makeRun(), try SamplingTests.makeRun(in: inpainting, recipe: "inpainting", words),
    ]
    let ones = [Float](repeating: 1, count: 256)
    let path = try folder.writeNumPy([2, 16, 16], ones + ones, to: "whole.npy")
    let mixed = try folder.writeNumPy([3, 16, 16], ones + [.nan] + ones.dropLast() + ones, to: "mixed.npy")
    for run in runs {
      let error = #expect(throws: DatasetError.self) { try Sampling(path: run, seed: nil, contexts: path) }
      #expect(error?.description.contains("nothing is unknown") == true, "\(error as Any)")
      #expect(
        try Sampling(path: run, seed: nil, contexts: mixed).remarks
          == ["warning: 2 of 3 fragments have nothing unknown and stay as they are (\(mixed))"])
    }
    // What is shown of every place is shown of whole samples.
    let coarse = try SamplingTests.makeRun(
      in: refining, recipe: "inpainting", words + ["context.kind=coarse"])
    #expect(try Sampling(path: coarse, seed: nil, contexts: path).remarks.isEmpty)
  }

  @Test("the run's seed unless another is given, and samples without a file are what they were")
  func seeds() throws {
    let (run, path) = (try makeRun(), try fragments().path)
    let own = try images(run, path, count: 4)
    #expect(try images(run, path, count: 4, seed: 11) == own)
    #expect(try images(run, path, count: 4, seed: 12) != own)
    let sampling = try Sampling(path: run, seed: nil)
    let (grid, plain) = try sampling.draw(.grid(count: 4))
    #expect(grid.completion == nil && sampling.usualCount == 4)
    let noise = KeyedNoise(seed: 11, purpose: .samples, turn: 0)
    #expect(grid.latents.scalars == noise.normal([4, 256]).scalars && plain.scalars != own)
  }

  @Test("a folder has them in turn, of every class where there are several; tensors have contexts")
  func files() throws {
    let path = try fragments().path
    let plain = try Sampling(path: makeRun(), seed: nil, contexts: path)
    try plain.writeEach(5, to: folder.path(of: "each")) { _ in }
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.path(of: "each")).sorted()
    #expect(names == (0..<5).map { "00000\($0).png" })
    let (grid, images) = try plain.draw(.grid(count: 4))
    try Sampling.writeTensors(grid, images: images, to: folder.path(of: "t.safetensors"))
    let header = String(
      decoding: try Data(contentsOf: URL(fileURLWithPath: folder.path(of: "t.safetensors"))).prefix(300),
      as: UTF8.self
    ).filter { $0 != " " }
    #expect(header.contains("\"contexts\"") && header.contains("[4,16,16,2]"), "\(header)")
    let other = TemporaryFolder()
    let run = try SamplingTests.makeRun(
      in: other, recipe: "diffusion",
      [
        "model.features=4", "model.samplingSteps=2", "size=16", "model.condition=embedding",
        "dataset.labels=2",
      ])
    let classes = try Sampling(path: run, seed: nil, contexts: path)
    #expect(classes.usualCount == 6)
    #expect(try Sampling(path: run, seed: nil, only: "1", contexts: path).usualCount == 3)
    try classes.writeEach(6, to: other.path(of: "each")) { _ in }
    let made = try (0..<2).map {
      try FileManager.default.contentsOfDirectory(atPath: other.path(of: "each/\($0)")).sorted()
    }
    #expect(made == [(0..<3).map { "00000\($0).png" }, (3..<6).map { "00000\($0).png" }])
  }

  @Test("more resampling is another completion; its key is refused where nothing is completed")
  func resampling() throws {
    let (run, path) = (try makeRun(), try fragments().path)
    let few = try Sampling(path: run, seed: nil, contexts: path, overrides: ["model.resampling=1"])
    #expect(try few.draw(.grid(count: 3)).images.scalars != images(run, path, count: 3))
    let idle = #expect(throws: OverrideError.self) {
      try Sampling(path: run, seed: nil, overrides: ["model.resampling=1"])
    }
    #expect(idle?.key == "model.resampling" && idle?.use == .sampling)
    let other = #expect(throws: OverrideError.self) {
      try Sampling(path: run, seed: nil, contexts: path, overrides: ["batch=4"])
    }
    #expect(other?.use == .completion && other?.keys == ["model.samplingSteps", "model.resampling"])
  }

  @Test(
    "strips, missing files, samples of another size, and a seed of a model without noise are refused"
  )
  func refused() throws {
    let (run, path) = (try makeRun(), try fragments().path)
    #expect(throws: SamplingError.noInterpolation) {
      try Sampling(path: run, seed: nil, contexts: path).draw(.interpolation(rows: 1, columns: 2))
    }
    let error = #expect(throws: (any Error).self) {
      try Sampling(path: run, seed: nil, contexts: "/nowhere.npy")
    }
    #expect("\(error as Any)".contains("--context"), "\(error as Any)")
    let small = try folder.writeNumPy([1, 8, 8], Array(repeating: 0, count: 64), to: "small.npy")
    #expect(throws: (any Error).self) { try Sampling(path: run, seed: nil, contexts: small) }
    let other = TemporaryFolder()
    let completing = try SamplingTests.makeRun(
      in: other, recipe: "inpainting",
      ["model.generatorFeatures=2", "model.discriminatorFeatures=2", "size=16", "channels=1"])
    #expect(throws: SamplingError.noSeed) { try Sampling(path: completing, seed: 1, contexts: path) }
  }
}
