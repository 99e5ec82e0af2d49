import Datasets
import Foundation
import MessagePassing
import Quality
import TensorCore
import TestSupport
import Testing
import Training

@Suite("What fakes are measured against")
struct QualityReferenceTests {
  private let folder = TemporaryFolder()

  /// An array as NumPy writes it.
  private func write(_ type: String, _ shape: String, _ values: [UInt8], _ name: String) throws -> String {
    let header = "{'descr': '\(type)', 'fortran_order': False, 'shape': \(shape), }"
    let padded = header + String(repeating: " ", count: 117 - header.utf8.count) + "\n"
    let bytes = [0x93] + Array("NUMPY".utf8) + [1, 0, 118, 0] + Array(padded.utf8) + values
    try Data(bytes).write(to: URL(fileURLWithPath: folder.path(of: name)))
    return folder.path(of: name)
  }

  @Test("all samples and their classes are counted, on ranks without any too", arguments: [1, 3, 17])
  func counts(ranks: Int) throws {
    let points: [Float] = [0, 0, 1, 0, 0, 1, 3, 2, 5, 1, 2, 2, 4, 4, 1, 5]
    let bytes = points.flatMap { value in
      (0..<4).map { UInt8(truncatingIfNeeded: value.bitPattern >> (8 * $0)) }
    }
    let path = try write("<f4", "(8, 2)", bytes, "images.npy")
    _ = try write("|u1", "(8,)", [0, 0, 0, 0, 0, 1, 1, 2], "labels.npy")
    let results = ThreadCommunicator.results(size: ranks) { communicator in
      let data = try Datasets.open(DatasetRequest(source: path, size: 1, channels: 2))
      let reference = try QualityReference(
        components: 2, samples: 6, of: data, isRaw: true, over: communicator)
      let looked = try reference.trainingFeatures(over: communicator)
      return reference.classShares
        + [reference.moments.count, reference.real.rows, looked.rows].map(Double.init)
    }
    for result in results { #expect(try result.get() == [0.625, 0.25, 0.125, 8, 6, 8]) }
  }

  @Test("neighbourhoods are of as many fakes as there are real samples")
  func neighbourhoods() throws {
    let ring = try Datasets.open(DatasetRequest(source: "ring", size: 1, channels: 2, count: 40))
    let reference = try QualityReference(
      components: 2, samples: 2048, of: ring, isRaw: true, over: SoloCommunicator())
    // Far away, and behind them every real sample nine times.
    let far = Matrix(rows: 40, columns: 2, values: (0..<80).map { 1000 + Double($0) })
    let fakes = Matrix.stacked([far] + Array(repeating: reference.real, count: 9), columns: 2)
    let scores = QualityScores(fake: fakes, samples: 400, against: reference, in: .pca)
    #expect(scores[.precision] == 0 && scores[.density] == 0 && scores[.coverage] == 0)
  }

  /// Empty volumes of 4 x 4 x 4 voxels; in every other one the last voxel is full.
  private struct Volumes: ImageDataset {
    let name = "volumes"
    let count = 40
    let labelCount = 0
    let sampleShape: Shape = [4, 4, 4, 1]
    let fingerprint = DataFingerprint(String(repeating: "0", count: 64))!

    func read(_ index: Int, into voxels: UnsafeMutablePointer<Float>) throws(DatasetError) -> Int32 {
      voxels.update(repeating: -1, count: 64)
      if index % 2 == 1 { voxels[63] = 1 }
      return -1
    }
  }

  @Test("volumes are looked at whole, down to their last layer")
  func volumes() throws {
    let reference = try QualityReference(
      components: 1, samples: 40, of: Volumes(), isRaw: false, over: SoloCommunicator())
    #expect(reference.real.rows == 40)
    #expect(reference.real.values.allSatisfy { abs(abs($0) - 0.5) < 1e-9 })
  }

  @Test("stacks of more modes than can be counted are refused")
  func modes() throws {
    let images = try write("|u1", "(2, 1, 1)", [1, 2], "images.npy")
    let options = try Options.resolve(
      recipe: "dcgan", overrides: ["quality.every=1", "quality.space=classifier"])
    func check(classes: UInt8) throws {
      _ = try write("|u1", "(2,)", [0, classes - 1], "labels.npy")
      let stacks = try Datasets.open(DatasetRequest(source: images, size: 16, channels: 3, stack: 3))
      try FeatureSpaces.check(stacks, options, rank: 0)
    }
    try check(classes: 21)
    let error = #expect(throws: DatasetError.self) { try check(classes: 22) }
    #expect(error?.description.contains("22 classes in 3 channels") == true, "\(error as Any)")
  }
}
