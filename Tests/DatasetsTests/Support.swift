import Datasets
import Foundation

/// A folder that is removed when the tests end: a data set may read from it after its last mention here.
struct TemporaryFolder {
  private static let root: String = {
    atexit { try? FileManager.default.removeItem(atPath: TemporaryFolder.root) }
    return FileManager.default.temporaryDirectory.path + "/datasets-" + UUID().uuidString
  }()

  let path = root + "/" + UUID().uuidString

  init() {
    try! FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  /// Writes `bytes` under a relative name, with the folders that it needs.
  @discardableResult
  func write(_ bytes: [UInt8], _ name: String) -> String {
    let file = path + "/" + name
    let folder = (file as NSString).deletingLastPathComponent
    try! FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    try! Data(bytes).write(to: URL(fileURLWithPath: file))
    return file
  }
}

extension ImageDataset {
  /// Pixels and label of one sample.
  func sample(_ index: Int) throws -> (pixels: [Float], label: Int32) {
    var pixels = [Float](repeating: .nan, count: valuesPerImage)
    let label = try pixels.withUnsafeMutableBufferPointer { try read(index, into: $0.baseAddress!) }
    return (pixels, label)
  }
}

/// Opens `source`, one image of which has the size asked for unless said otherwise.
func open(
  _ source: String, size: Int, channels: Int = 1, labelCount: Int? = nil
) throws(DatasetError) -> any ImageDataset {
  try Datasets.open(DatasetRequest(source: source, size: size, channels: channels, labelCount: labelCount))
}

/// The error that `body` throws, nil if none.
func failure(_ body: () throws -> Void) -> DatasetError? {
  do {
    try body()
    return nil
  } catch {
    return error as? DatasetError
  }
}

/// Opens everything and reads every sample.
func readAll(_ source: String, size: Int, channels: Int = 1) throws -> [[Float]] {
  let data = try open(source, size: size, channels: channels)
  return try (0..<data.count).map { try data.sample($0).pixels }
}

/// From a byte to [-1, 1].
func scaled(_ byte: Int) -> Float { Float(byte) / 127.5 - 1 }

/// Numbers for corruptions that are the same on every run.
struct Draws: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return (state ^ (state >> 33)) &* 0xFF51_AFD7_ED55_8CCD
  }
}

/// An IDX file.
func idx(_ extents: [Int], _ values: [UInt8]) -> [UInt8] {
  [0, 0, 8, UInt8(extents.count)]
    + extents.flatMap { extent in (0..<4).map { UInt8(truncatingIfNeeded: extent >> (24 - 8 * $0)) } }
    + values
}

/// A number in bytes, the least significant first.
func little(_ number: Int, _ count: Int) -> [UInt8] {
  (0..<count).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
}

/// CRC-32, of PNG, gzip and zip.
func crc(_ bytes: [UInt8]) -> Int {
  var crc: UInt32 = ~0
  for byte in bytes {
    crc ^= UInt32(byte)
    for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0xEDB8_8320 : crc >> 1 }
  }
  return Int(~crc)
}

/// DEFLATE's one stored block.
func deflated(_ bytes: [UInt8]) -> [UInt8] {
  precondition(bytes.count < 65_536)
  return [1] + little(bytes.count, 2) + little(~bytes.count, 2) + bytes
}

/// A gzip file of one stored block.
func gzip(_ bytes: [UInt8]) -> [UInt8] {
  [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 255] + deflated(bytes) + little(crc(bytes), 4) + little(bytes.count, 4)
}
