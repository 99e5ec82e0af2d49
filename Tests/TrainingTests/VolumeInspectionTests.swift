import Datasets
import Foundation
import Reporting
import TensorCore
import TestSupport
import Testing
import Training

@Suite("lockstep data on volumes")
struct VolumeInspectionTests {
  private let folder = TemporaryFolder()

  /// An NPY file of version 1.
  private func request(_ type: String, _ shape: String, _ values: [UInt8]) throws -> DatasetRequest {
    let header = "{'descr': '\(type)', 'fortran_order': False, 'shape': \(shape), }"
    let padded = header + String(repeating: " ", count: 117 - header.utf8.count) + "\n"
    let path = "\(folder.path)/volumes.npy"
    try Data([0x93] + Array("NUMPY".utf8) + [1, 0, 118, 0] + Array(padded.utf8) + values)
      .write(to: URL(fileURLWithPath: path))
    return DatasetRequest(source: path, size: 64, channels: 1)
  }

  @Test("info says how many volumes there are, their sides, type and range")
  func info() throws {
    let inspection = try #require(
      try VolumeInspection(request("|u1", "(3, 2, 4, 5, 1)", (0..<120).map { UInt8($0) })))
    for line in ["2 x 4 x 5", "uint8, 0.0 to 119.0", "none", "model.family=voxel-gan"] {
      #expect(inspection.text.contains(line), "\(inspection.text)")
    }
    for field in [
      "\"format\":\"volumes\"", "\"samples\":3", "\"depth\":2", "\"height\":4", "\"width\":5",
      "\"type\":\"uint8\"", "\"labels\":0",
    ] {
      #expect(inspection.json.contains(field), "\(inspection.json)")
    }
    let dark = try VolumeInspection(request("|u1", "(3, 2, 4, 5, 1)", (0..<120).map { UInt8($0 % 10) }))
    #expect(
      dark?.json.contains("\"remarks\":[\"no byte above 9, where 255 is full\"]") == true,
      "\(dark?.json ?? "")")
    #expect(try VolumeInspection(request("|u1", "(2, 4, 5, 3)", [UInt8](repeating: 0, count: 120))) == nil)
  }

  @Test("labels that have as many samples are told with one number")
  func labels() {
    func text(_ labels: [Int32]) -> String {
      LabelCounts(labels: 2, samples: labels.count) { labels[$0] }.text
    }
    #expect(text([0, 1, 1, 0]) == "2, each with 2 samples" && text([0, 1]) == "2, each with 1 sample")
    #expect(text([0, 1, 1]) == "2, each with 1 to 2 samples")
  }

  @Test("64 volumes are drawn that are spread evenly over the data")
  func picture() throws {
    // The second half of 128 is full.
    let bytes = (0..<128 * 125).map { UInt8($0 / (64 * 125)) }
    let inspection = try #require(try VolumeInspection(request("|b1", "(128, 5, 5, 5)", bytes)))
    let (drawn, wanted) = ("\(folder.path)/drawn.png", "\(folder.path)/wanted.png")
    try inspection.writePicture(to: drawn)
    let volumes = Tensor(stacking: 64) { Tensor(repeating: $0 < 32 ? -1 : 1, shape: [5, 5, 5, 1]) }
    try PNGFile.write(VolumeGrid().pixels(of: volumes), to: wanted)
    #expect(
      try Data(contentsOf: URL(fileURLWithPath: drawn)) == Data(contentsOf: URL(fileURLWithPath: wanted)))
  }

  @Test("long thin volumes are drawn, in memory for what is seen of them")
  func thin() throws {
    // As cubes they were 32 TiB.
    let bytes = [UInt8](repeating: 1, count: 2 * 8 * 16_384)
    let inspection = try #require(try VolumeInspection(request("|b1", "(2, 2, 4, 16384, 1)", bytes)))
    #expect(inspection.text.contains("2 x 4 x 16384"))
    let (drawn, wanted) = ("\(folder.path)/drawn.png", "\(folder.path)/wanted.png")
    try inspection.writePicture(to: drawn)
    let volumes = Tensor(repeating: 1, shape: [2, 1, 1, 64, 1])
    try PNGFile.write(VolumeGrid().pixels(of: volumes), to: wanted)
    #expect(
      try Data(contentsOf: URL(fileURLWithPath: drawn)) == Data(contentsOf: URL(fileURLWithPath: wanted)))
  }

  @Test("check says what volumes are, and lists every bad one")
  func check() throws {
    let sound = try DataCheck(request("|b1", "(3, 2, 2, 2, 1)", [UInt8](repeating: 1, count: 24)))
    #expect(sound.count == 3 && sound.problems.isEmpty && sound.advice == nil)
    #expect(sound.remarks == ["volumes of 2 x 2 x 2, values: bool, 1.0 to 1.0, labels: 0"])
    var bytes = [UInt8](repeating: 1, count: 24)
    (bytes[0], bytes[1], bytes[20]) = (3, 4, 5)
    let bad = try DataCheck(request("|b1", "(3, 2, 2, 2, 1)", bytes))
    #expect(bad.count == 3 && bad.problems.count == 2 && bad.otherSizes == 0)
    #expect(bad.problems.map { $0.description.contains("sample 0") } == [true, false])
    #expect(bad.problems.map { $0.description.contains("sample 2") } == [false, true])
    #expect(bad.json.contains("\"samples\":3"), "\(bad.json)")
    // Each is NaN.
    let none = try DataCheck(request("<f4", "(3, 2, 2, 2, 1)", [UInt8](repeating: 255, count: 96)))
    #expect(none.remarks == ["volumes of 2 x 2 x 2, values: float32, labels: 0"])
  }

  @Test("a folder of binvox's volumes is told of and drawn, with its classes and what is ignored")
  func binvox() throws {
    let text = "#binvox 1\ndim 2 2 2\ntranslate 0 0 0\nscale 1\ndata\n"
    for (name, bytes) in [
      ("bowl/a.binvox", Array(text.utf8) + [1, 8]), ("cup/a.binvox", Array(text.utf8) + [0, 8]),
      ("cup/a.webp", [0]),
    ] as [(String, [UInt8])] {
      let file = URL(fileURLWithPath: "\(folder.path)/set/\(name)")
      try FileManager.default.createDirectory(
        at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
      try Data(bytes).write(to: file)
    }
    let request = DatasetRequest(source: "\(folder.path)/set", size: 64, channels: 1)
    let inspection = try #require(try VolumeInspection(request))
    for line in ["binvox folder", "2 x 2 x 2", "bool, 0.0 to 1.0", "0 bowl (1), 1 cup (1)", "1 webp"] {
      #expect(inspection.text.contains(line), "\(inspection.text)")
    }
    #expect(inspection.json.contains("\"class_names\":[\"bowl\",\"cup\"]"), "\(inspection.json)")
    #expect(inspection.json.contains("\"ignored\":{\"webp\":1}"), "\(inspection.json)")
    let (drawn, wanted) = ("\(folder.path)/drawn.png", "\(folder.path)/wanted.png")
    try inspection.writePicture(to: drawn)
    let volumes = Tensor(stacking: 2) { Tensor(repeating: $0 == 0 ? 1 : -1, shape: [2, 2, 2, 1]) }
    try PNGFile.write(VolumeGrid().pixels(of: volumes), to: wanted)
    #expect(
      try Data(contentsOf: URL(fileURLWithPath: drawn)) == Data(contentsOf: URL(fileURLWithPath: wanted)))
    let remark = "volumes of 2 x 2 x 2, values: bool, 0.0 to 1.0, labels: 2"
    #expect(try DataCheck(request).remarks == [remark, "1 file ignored: 1 webp"])
    try Data(text.utf8).write(to: URL(fileURLWithPath: "\(folder.path)/set/cup/b.binvox"))
    let bad = try DataCheck(request)
    #expect(bad.count == 2 && bad.problems.count == 1 && bad.advice?.contains("1 bad sample") == true)
    #expect(bad.problems[0].description.contains("cup/b.binvox"))
  }

  @Test("volumes are not packed as pictures")
  func pack() throws {
    let request = try request("|u1", "(1, 5, 5, 5)", [UInt8](repeating: 1, count: 125))
    let place = "\(folder.path)/shards"
    let error = #expect(throws: DatasetError.self) {
      try DataPack(request, to: place, shardBytes: 1 << 20)
    }
    #expect(error?.description.contains("volumes of 5 x 5 x 5") == true, "\(error as Any)")
    #expect(!FileManager.default.fileExists(atPath: place))
  }
}
