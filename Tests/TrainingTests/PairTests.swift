import DataParallel
import Datasets
import MessagePassing
import Models
import Quality
import Reporting
import TensorCore
import TestSupport
import Testing
import Training

@Suite("Runs on pairs of images")
struct PairTests {
  private let folder = TemporaryFolder()
  private static let words = [
    "context.kind=pair", "model.generatorFeatures=2", "model.discriminatorFeatures=2", "size=16",
    "channels=1",
    "samples.count=3",
  ]

  /// Pairs of `[count, side, 2 side]` whose values lie from 0 to 1, those of a flat half near 0.5.
  private func pairs(_ count: Int, side: Int = 16, flat: PairHalf? = nil) throws -> String {
    let noise = KeyedNoise(seed: 4, purpose: .synthetic, turn: side).uniform([count * side * 2 * side])
    let values = noise.scalars.enumerated().map { place, value in
      let half = place % (2 * side) < side ? PairHalf.left : .right
      return half == flat ? 0.5 + value / 100 : value
    }
    return try folder.writeNumPy([count, side, 2 * side], values, to: "pairs.npy")
  }

  /// Values from 0 to 1 of a half of pairs, as samples.
  private func half(_ half: PairHalf, of pairs: String, _ count: Int, side: Int = 16) throws -> [Float] {
    let request = DatasetRequest(source: pairs, size: side, channels: 1, isPaired: true)
    let data = try Datasets.open(request)
    return try (0..<count).flatMap { index -> [Float] in
      var values = [Float](repeating: 0, count: data.valuesPerImage)
      _ = try values.withUnsafeMutableBufferPointer { try data.read(index, into: $0.baseAddress!) }
      return values.enumerated().filter { ($0.offset % (2 * side) < side) == (half == .left) }.map(\.element)
    }
  }

  @Test("a picture has the shown half, what was made of it, and the other", arguments: PairHalf.allCases)
  func picture(shown: PairHalf) throws {
    let data = try pairs(3)
    let run = try SamplingTests.makeRun(
      in: folder, recipe: "inpainting", Self.words + ["context.shown=\(shown.rawValue)", "data=\(data)"])
    let (grid, images) = try Sampling(path: run, seed: nil).draw(.grid(count: 3))
    let completion = try #require(grid.completion)
    #expect(images.shape == [3, 16, 16, 1] && completion.shown.shape == images.shape)
    // Samples come in an order of the seed's.
    func rows(_ values: [Float]) -> [[Float]] {
      (0..<3).map { Array(values[256 * $0..<256 * ($0 + 1)]) }.sorted { $0[0] < $1[0] }
    }
    #expect(rows(completion.shown.scalars) == rows(try half(shown, of: data, 3)))
    #expect(rows(completion.originals?.scalars ?? []) == rows(try half(shown.other, of: data, 3)))
    #expect(completion.contexts.channels(1..<2).scalars.allSatisfy { $0 == 0 })
  }

  @Test(
    "of a person's pairs the shown half is taken, and alone it gives the same", arguments: PairHalf.allCases)
  func given(shown: PairHalf) throws {
    let data = try pairs(3)
    let run = try SamplingTests.makeRun(
      in: folder, recipe: "inpainting",
      Self.words + ["context.shown=\(shown.rawValue)", "data=/nowhere/data"])
    let alone = try folder.writeNumPy(
      [3, 16, 16], half(shown, of: data, 3).map { ($0 + 1) / 2 }, to: "alone.npy")
    let drawn = try [data, alone].map { path in
      try Sampling(path: run, seed: nil, contexts: path).draw(.grid(count: 3))
    }
    #expect(drawn[0].grid.completion?.originals == nil)
    // A half of a half and half of that may round.
    let contexts = drawn.map(\.grid.latents.scalars)
    #expect(zip(contexts[0], contexts[1]).allSatisfy { abs($0 - $1) < 1e-6 })
    #expect(zip(drawn[0].images.scalars, drawn[1].images.scalars).allSatisfy { abs($0 - $1) < 1e-4 })
    #expect(drawn[0].grid.latents.scalars.contains { abs($0) > 0.5 })
    let holes = try folder.writeNumPy(
      [16, 16], (0..<256).map { $0 == 7 ? .nan : 0.25 }, to: "holes.npy")
    #expect(throws: SamplingError.self) { try Sampling(path: run, seed: nil, contexts: holes) }
  }

  @Test("images of any size are shown where dataset.resize says how they are fitted")
  func resized() throws {
    let run = try SamplingTests.makeRun(
      in: folder, recipe: "inpainting", Self.words + ["data=/nowhere/data"])
    let path = folder.path(of: "large.png")
    try PNGFile.write(ImageGrid.pixels(ofOne: Tensor(repeating: 0.5, shape: [20, 20, 1])), to: path)
    #expect(throws: DatasetError.self) { try Sampling(path: run, seed: nil, contexts: path) }
    let sampling = try Sampling(path: run, seed: nil, contexts: path, overrides: ["dataset.resize=pad"])
    #expect(try sampling.draw(.grid(count: 1)).images.shape == [1, 16, 16, 1])
    #expect(throws: OverrideError.self) {
      try Sampling(path: run, seed: nil, contexts: path, overrides: ["dataset.count=7"])
    }
  }

  @Test("what is made is measured by the halves that are not shown")
  func quality() throws {
    let data = try pairs(40, flat: .left)
    func largest(_ shown: PairHalf) throws -> Double {
      let options = try Options.resolve(
        recipe: "inpainting",
        overrides: Self.words + ["context.shown=\(shown.rawValue)", "data=\(data)", "quality.components=4"])
      let reference = try FeatureSpaces.reference(
        Datasets.open(DatasetRequest(options)), options, folder: nil, over: SoloCommunicator()
      ) { _ in }
      #expect(reference.real.rows == 40)
      return reference.real.values.reduce(0) { max($0, abs($1)) }
    }
    let (right, left) = (try largest(.left), try largest(.right))
    #expect(right > 20 * left && left > 0, "\(right), \(left)")
  }

  @Test("synthetic samples of a benchmark are pairs where the model takes these")
  func benchmark() throws {
    let options = try Options.resolve(
      recipe: "inpainting", overrides: Self.words + ["data=/nowhere/data", "batch=16"])
    let training = try TimedTraining(options, over: SoloCommunicator(), training: SoloCommunicator())
    defer { training.communication.finish() }
    try training.take(0)
    #expect(training.microBatches(.init(step: 0))[0].images.shape.extents.suffix(3) == [16, 32, 1])
  }

  @Test("memory counts both halves")
  func memory() throws {
    let bytes = try ["pair", "coarse"].map { kind in
      try Options.resolve(
        recipe: "inpainting",
        overrides: Self.words.dropFirst() + ["context.kind=\(kind)", "data=/nowhere/data"]
      ).bytesPerRank(samples: 64, acrossNodes: false)
    }
    #expect(bytes[0] - bytes[1] == 4 * 64 * 16 * 16)
  }
}
