import Datasets
import Foundation
import TestSupport
import Testing
import Training

@Suite("Data are packed as they are, or as a run would see them")
struct DataPackTests {
  private let folder = TemporaryFolder()

  @Test("only numbers are said to be rounded to bytes, whether or not images are brought to one size")
  func rounding() throws {
    for (type, bytes, isRounded) in [("|u1", 1, false), ("<f4", 4, true)] {
      // Three images of 8x8 zeros, as NumPy writes them.
      let header = "{'descr': '\(type)', 'fortran_order': False, 'shape': (3, 8, 8), }"
      let padded = header + String(repeating: " ", count: 117 - header.utf8.count) + "\n"
      let head = [0x93] + Array("NUMPY".utf8) + [1, 0, 118, 0] + Array(padded.utf8)
      let path = "\(folder.path)/\(bytes).npy"
      try Data(head + [UInt8](repeating: 0, count: 3 * 8 * 8 * bytes)).write(to: URL(fileURLWithPath: path))
      for isFitted in [false, true] {
        let request = DatasetRequest(source: path, size: 4, channels: 1, resize: isFitted ? .crop : .none)
        let pack = try DataPack(
          request, to: "\(folder.path)/\(bytes)-\(isFitted)/", shardBytes: 1 << 20, isFitted: isFitted)
        #expect(pack.samples == 3 && pack.isRounded == isRounded, "\(type), \(isFitted)")
      }
    }
  }

  @Test("that transparent images are put on black is told where they are written anew")
  func transparent() throws {
    try FileManager.default.createDirectory(
      atPath: folder.path(of: "images"), withIntermediateDirectories: false)
    try #require(CompletionSamplingTests.halfOpaque)
      .write(to: URL(fileURLWithPath: folder.path(of: "images/a.png")))
    for isFitted in [false, true] {
      let request = DatasetRequest(
        source: folder.path(of: "images"), size: 4, channels: 1, resize: isFitted ? .crop : .none)
      let pack = try DataPack(
        request, to: folder.path(of: "packed-\(isFitted)"), shardBytes: 1 << 20, isFitted: isFitted)
      let isTold = pack.remarks.contains { $0.hasPrefix("transparent places, put on black, in 1 of 1 image") }
      #expect(isTold == isFitted, "\(pack.remarks)")
    }
  }

  @Test("a shard ends with the sample that makes it long enough, and the next one has none of its samples")
  func shards() throws {
    let place = "\(folder.path)/cut"
    let pack = try DataPack(
      DatasetRequest(source: "pottery", size: 16, channels: 1, count: 3), to: place, shardBytes: 1)
    #expect(pack.shards == 3 && pack.samples == 3)
    let bytes = try (0..<3).map {
      try Data(contentsOf: URL(fileURLWithPath: "\(place)/shard-00000\($0).tar")).count
    }
    #expect(pack.bytes == bytes.reduce(0, +))
    let inspection = try ImageInspection(DatasetRequest(source: place, size: 16, channels: 1))
    #expect(inspection.json.contains("\"samples\":3,"), "\(inspection.json)")
  }

  private func packPottery(to name: String, telling tell: (Int, Int) -> Void = { _, _ in }) throws -> DataPack
  {
    try DataPack(
      DatasetRequest(source: "pottery", size: 16, channels: 1, count: 3), to: folder.path(of: name),
      shardBytes: 1, telling: tell)
  }

  @Test("what a dead process has left of a pack goes with the next one to its place, and nothing else")
  func leftovers() throws {
    func make(_ name: String, _ files: String...) throws {
      try FileManager.default.createDirectory(
        atPath: folder.path(of: name), withIntermediateDirectories: false)
      for file in files { folder.write("", to: "\(name)/\(file)") }
    }
    try make("x.tmp-99994711", "shard-000000.tar", "shard-000001.tar.tmp-node1-4711-2", "index.txt")
    try make("x.tmp-99994712", "shard-000000.tar")
    try make("x.tmp-99994713", "shard-000000.tar", "notes")
    try make("x.tmp-99994714")
    try make("x.tmp-old", "shard-000000.tar")
    try make("y.tmp-99994711", "shard-000000.tar")
    let living = open(folder.path(of: "x.tmp-99994712"), O_RDONLY | O_DIRECTORY)
    defer { close(living) }
    #expect(flock(living, LOCK_EX | LOCK_NB) == 0)
    #expect(try packPottery(to: "x").samples == 3)
    #expect(folder.names == ["x", "x.tmp-99994712", "x.tmp-99994713", "x.tmp-old", "y.tmp-99994711"])
  }

  @Test("a pack is not taken for what a dead process has left while it is written")
  func living() throws {
    let pack = try packPottery(to: "x") { done, _ in
      guard done == 2 else { return }
      #expect(throws: RunFolderError.self) { try packPottery(to: "x") }
    }
    #expect(pack.shards == 3 && folder.names == ["x"])
  }

  @Test("text is not packed into pictures, which have no characters")
  func text() throws {
    let path = "\(folder.path)/book.txt"
    try Data(String(repeating: "abcdefgh", count: 4).utf8).write(to: URL(fileURLWithPath: path))
    let error = #expect(throws: DatasetError.self) {
      try DataPack(
        DatasetRequest(source: path, size: 8, channels: 1), to: "\(folder.path)/text", shardBytes: 1 << 20)
    }
    #expect(error?.description.contains("lose its characters") == true, "\(error as Any)")
  }
}
