import Platform
import TensorCore

extension SafetensorsHeader {
  private static let maximumExtent = 1 << 31

  /// Reads the header of `bytes`, a whole safetensors file. Every length is held against what is there before
  /// it is used; tensors must cover the data section without gap or overlap.
  ///
  /// - Throws: ``CheckpointError`` of kind `damaged`, naming `path`, the tensor and the byte; its advice says
  ///   what to do about an element type that is not read.
  init(parsing bytes: [UInt8], path: String) throws(CheckpointError) {
    let byteCount = 8 + (try Self.length(in: bytes, path))
    let (entries, metadata) = try Self.fields(of: bytes, upTo: byteCount, path)
    // The data decide the order; at one position, empty tensors come first, else in the order of the header.
    let sorted = entries.enumerated().sorted { left, right in
      let (a, b) = (left.element.range, right.element.range)
      return (a.lowerBound, a.upperBound, left.offset) < (b.lowerBound, b.upperBound, right.offset)
    }.map(\.element)
    self.init(entries: sorted, metadata: metadata, byteCount: byteCount)
    try checkCoverage(ofFile: bytes.count, path)
  }

  private static func damaged(
    _ problem: String, _ path: String, tensor: String? = nil, at offset: Int
  ) -> CheckpointError {
    CheckpointError(.damaged, problem, path: path, tensor: tensor, offset: .content(offset))
  }

  /// The bytes of JSON, all of which are there.
  private static func length(in bytes: [UInt8], _ path: String) throws(CheckpointError) -> Int {
    guard bytes.count >= 8 else {
      throw damaged("the file ends within the safetensors header length", path, at: bytes.count)
    }
    let length = (0..<8).reduce(UInt64(0)) { $0 | UInt64(bytes[$1]) << UInt64(8 * $1) }
    guard length <= maximumLength else {
      throw damaged("a safetensors header of \(length) bytes is more than \(maximumLength)", path, at: 0)
    }
    guard length <= bytes.count - 8 else {
      throw damaged(
        "the file ends within its safetensors header of \(length) bytes", path, at: bytes.count)
    }
    return Int(length)
  }

  /// What the JSON says, in its order.
  private static func fields(
    of bytes: [UInt8], upTo end: Int, _ path: String
  ) throws(CheckpointError) -> (entries: [Entry], metadata: [String: String]) {
    // A field is at least 2 bytes of text; the JSON reader keeps only what is collected here.
    var metadata: [String: String] = [:]
    var entries: [Entry] = []
    var foreign: (name: String, type: String)?
    do throws(JSONError) {
      var reader = JSONReader(bytes, range: 8..<end)
      try reader.object { (reader, name) throws(JSONError) in
        if name == metadataKey {
          try reader.object { (reader, key) throws(JSONError) in metadata[key] = try reader.string() }
        } else {
          entries.append(try entry(named: name, from: &reader, &foreign))
        }
      }
      try reader.finish()
    } catch {
      if let foreign {
        throw CheckpointError(
          .damaged, "tensor \(foreign.name) is \(foreign.type), and only F32, I64 and U8 are read",
          path: path,
          offset: .content(error.offset), advice: "save it as float32 in Python")
      }
      throw damaged("not a safetensors header: \(error.reason)", path, at: error.offset)
    }
    return (entries, metadata)
  }

  /// Finds out whether the tensors cover the data of a file of `fileSize` bytes.
  private func checkCoverage(ofFile fileSize: Int, _ path: String) throws(CheckpointError) {
    let dataCount = fileSize - byteCount
    var covered = 0
    for entry in entries {
      guard entry.range.lowerBound == covered else {
        throw Self.damaged(
          "the data begin at \(entry.range.lowerBound) where \(covered) was expected", path,
          tensor: entry.name, at: byteCount + min(covered, dataCount))
      }
      guard entry.range.upperBound <= dataCount else {
        throw Self.damaged(
          "the file ends within the data, which need \(entry.range.count) bytes", path, tensor: entry.name,
          at: fileSize)
      }
      covered = entry.range.upperBound
    }
    guard covered == dataCount else {
      throw Self.damaged(
        "\(dataCount - covered) bytes belong to no tensor", path, at: byteCount + covered)
    }
  }

  /// - Parameter foreign: is set where the tensor's type is one that is not read, before that is thrown.
  private static func entry(
    named name: String, from reader: inout JSONReader, _ foreign: inout (name: String, type: String)?
  ) throws(JSONError) -> Entry {
    var type: String?
    var extents: [Int]?
    var bounds: [Int]?
    try reader.object { (reader, key) throws(JSONError) in
      switch key {
      case "dtype": type = try reader.string()
      case "shape": extents = try counts(from: &reader, atMost: Shape.maximumRank)
      case "data_offsets": bounds = try counts(from: &reader, atMost: 2)
      default: throw reader.failure("unknown field \"\(key)\" of tensor \(name)")
      }
    }
    guard let type, let extents, let bounds, bounds.count == 2 else {
      throw reader.failure("tensor \(name) lacks dtype, shape or two data_offsets")
    }
    guard let type = ElementType(rawValue: type) else {
      foreign = (name, type)
      throw reader.failure("another type")
    }
    guard bounds[0] <= bounds[1] else { throw reader.failure("tensor \(name) ends before it begins") }
    // Compared before a Shape is made: a Shape traps on a count that does not fit.
    var byteCount = type.byteCount
    for extent in extents {
      let (product, overflow) = byteCount.multipliedReportingOverflow(by: extent)
      guard extent <= maximumExtent, !overflow else {
        throw reader.failure("tensor \(name) has an impossible shape \(extents)")
      }
      byteCount = product
    }
    guard byteCount == bounds[1] - bounds[0] else {
      throw reader.failure(
        "tensor \(name) of shape \(extents) needs \(byteCount) bytes and has \(bounds[1] - bounds[0])")
    }
    return Entry(name: name, type: type, shape: Shape(extents), range: bounds[0]..<bounds[1])
  }

  private static func counts(
    from reader: inout JSONReader, atMost limit: Int
  ) throws(JSONError) -> [Int] {
    var counts: [Int] = []
    try reader.array { (reader) throws(JSONError) in
      guard counts.count < limit else { throw reader.failure("more than \(limit) numbers") }
      counts.append(try reader.count())
    }
    return counts
  }
}
