import Checkpoints
import Datasets
import Foundation
import Models
import TensorCore
import TestSupport
import Testing
import Training

@Suite("Samples complete contexts of the run's data, or a person's")
struct CompletionSamplingTests {
  private let folder = TemporaryFolder()

  private func makeRun(_ words: String...) throws -> String {
    try SamplingTests.makeRun(
      in: folder, recipe: "inpainting",
      ["model.generatorFeatures=2", "model.discriminatorFeatures=2", "size=16", "channels=1"] + words)
  }

  @Test("contexts are cut from the run's data, and what they know stays")
  func own() throws {
    let sampling = try Sampling(path: makeRun("samples.count=3"), seed: nil)
    let (grid, images) = try sampling.draw(.grid(count: sampling.usualCount))
    let completion = try #require(grid.completion)
    #expect(images.shape == [3, 16, 16, 1] && completion.originals?.shape == images.shape)
    let masks = completion.contexts.channels(1..<2).scalars
    let originals = completion.originals?.scalars ?? []
    for (place, value) in images.scalars.enumerated() where masks[place] == 1 {
      #expect(value == originals[place])
    }
    #expect(images.scalars != originals)
    #expect(try sampling.draw(.grid(count: 2)).images.scalars == images.rows(0..<2).scalars)
  }

  @Test("a file has the contexts in its order, as many samples at most; they have no originals")
  func file() throws {
    let run = try makeRun()
    let values = (0..<3 * 256).map { Float($0 % 256 < 128 ? Double.nan : Double($0) / 768) }
    let path = try folder.writeNumPy([3, 16, 16], values)
    let sampling = try Sampling(path: run, seed: nil, contexts: path)
    #expect(sampling.usualCount == 3)
    let (grid, images) = try sampling.draw(.grid(count: 3))
    #expect(grid.completion?.originals == nil)
    let scalars = images.scalars
    for (place, value) in values.enumerated() where !value.isNaN { #expect(scalars[place] == 2 * value - 1) }
    #expect(throws: SamplingError.fewContexts(3, count: 4)) { try sampling.draw(.grid(count: 4)) }
    #expect(throws: SamplingError.fewContexts(3, count: 4)) {
      try sampling.writeEach(4, to: folder.path(of: "four")) { _ in }
    }
    try sampling.writeEach(3, to: folder.path(of: "three")) { _ in }
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.path(of: "three")).sorted()
    #expect(names == ["000000.png", "000001.png", "000002.png"])
  }

  @Test("blocks are repeated, or cut from whole samples; of both nothing is known exactly")
  func coarse() throws {
    let run = try makeRun("context.kind=coarse")
    let blocks = (0..<16).map { Float($0) / 16 }
    let pixels = (0..<256).map { place in
      let (row, column) = (place / 64, place % 16 / 4)
      return blocks[row * 4 + column]
    }
    func latents(_ shape: [Int], _ values: [Float]) throws -> [Float] {
      let sampling = try Sampling(path: run, seed: nil, contexts: folder.writeNumPy(shape, values))
      return try sampling.draw(.grid(count: 1)).grid.latents.scalars
    }
    let expected = pixels.flatMap { value -> [Float] in [2 * value - 1, 0] }
    #expect(try latents([4, 4], blocks) == expected)
    #expect(try latents([16, 16], pixels) == expected)
    #expect(throws: DatasetError.self) { try latents([8, 8], Array(pixels.prefix(64))) }
  }

  /// A PNG of 4 x 4 pixels of grey 200, half opaque, and in the last column not at all.
  static let halfOpaque = Data(
    base64Encoded: "iVBORw0KGgoAAAANSUhEUgAAAAQAAAAECAQAAAAD+Fb1AAAAEElEQVR42mM40QCG"
      + "DAy4GQBWcxKBXNMKAwAAAABJRU5ErkJggg==")

  @Test("of images that are shown whole, what is transparent is put on black, as in training")
  func transparent() throws {
    let run = try makeRun("context.kind=coarse")
    let path = folder.path(of: "blocks.png")
    try #require(Self.halfOpaque).write(to: URL(fileURLWithPath: path))
    let contexts = try Sampling(path: run, seed: nil, contexts: path).draw(.grid(count: 1)).grid.latents
      .scalars
    let expected = (0..<256).flatMap { place -> [Float] in [place % 16 < 12 ? 100 / 127.5 - 1 : -1, 0] }
    #expect(contexts == expected)
  }

  @Test("strips between contexts, contexts of a model of noise and data that are not there are refused")
  func refused() throws {
    let run = try makeRun()
    #expect(throws: SamplingError.noInterpolation) {
      try Sampling(path: run, seed: nil).draw(.interpolation(rows: 1, columns: 2))
    }
    let other = TemporaryFolder()
    let noise = try SamplingTests.makeRun(in: other)
    #expect(throws: SamplingError.noContext) { try Sampling(path: noise, seed: nil, contexts: "x.npy") }
    #expect(throws: OverrideError.self) { try Sampling(path: noise, seed: nil, overrides: ["data=ring"]) }
    let lost = try Self.lost
    let error = #expect(throws: DatasetError.self) { try Sampling(path: lost.run, seed: nil) }
    #expect(error?.description.contains("--context") == true, "\(error as Any)")
    // Data that are there do as well.
    let found = try Sampling(path: lost.run, seed: nil, overrides: ["data=pottery"])
    #expect(try found.draw(.grid(count: 1)).grid.completion?.originals != nil)
  }

  /// A run whose data are gone.
  private static var lost: (folder: TemporaryFolder, run: String) {
    get throws {
      let folder = TemporaryFolder()
      return (
        folder,
        try SamplingTests.makeRun(
          in: folder, recipe: "inpainting",
          ["model.generatorFeatures=2", "model.discriminatorFeatures=2", "size=16", "data=/nowhere/data"])
      )
    }
  }

  @Test("tensors have contexts instead of latents")
  func tensors() throws {
    let (grid, images) = try Sampling(path: makeRun(), seed: nil).draw(.grid(count: 2))
    let path = folder.path(of: "t.safetensors")
    try Sampling.writeTensors(grid, images: images, to: path)
    let header = String(decoding: try Data(contentsOf: URL(fileURLWithPath: path)).prefix(300), as: UTF8.self)
    let text = header.filter { $0 != " " }
    #expect(text.contains("\"contexts\"") && text.contains("[2,16,16,2]"), "\(header)")
    #expect(!header.contains("latents"))
  }

  @Test("an export has no picture where the data are gone or others, and says so")
  func export() throws {
    let lost = try Self.lost
    var told: [String] = []
    let files = try Export(path: lost.run).write(
      .safetensors, networks: [], isAveraged: true, to: folder.path(of: "hub")
    ) { told.append($0) }
    #expect(!files.contains("samples.png") && files.contains("README.md"))
    #expect(told.count == 1 && told[0].contains("samples.png is left out"), "\(told)")
    let card = try String(contentsOfFile: folder.path(of: "hub/README.md"), encoding: .utf8)
    #expect(!card.contains("samples.png") && card.contains("\n- image-to-image\n"))
    // The run's checkpoint names no data.
    let other = try Export(path: makeRun()).write(
      .safetensors, networks: [], isAveraged: true, to: folder.path(of: "other")
    ) { told.append($0) }
    #expect(!other.contains("samples.png") && told.last?.contains("no longer those") == true, "\(told)")
  }
}

extension TemporaryFolder {
  /// An array of floats as NumPy writes it.
  /// - Returns: its path.
  func writeNumPy(_ shape: [Int], _ values: [Float], to name: String = "contexts.npy") throws -> String {
    let sizes = shape.map(String.init).joined(separator: ", ")
    let header = "{'descr': '<f4', 'fortran_order': False, 'shape': (\(sizes)), }"
    let padded = header + String(repeating: " ", count: 117 - header.utf8.count) + "\n"
    let numbers = values.flatMap { value in
      (0..<4).map { UInt8(truncatingIfNeeded: value.bitPattern >> (8 * $0)) }
    }
    try Data([0x93] + Array("NUMPY".utf8) + [1, 0, 118, 0] + Array(padded.utf8) + numbers)
      .write(to: URL(fileURLWithPath: path(of: name)))
    return path(of: name)
  }
}
