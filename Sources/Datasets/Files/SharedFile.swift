/// A file that several threads read.
final class SharedFile: Sendable {
  let file: OpenFile
  init(_ file: consuming OpenFile) { self.file = file }
}

/// Bytes that are read by offset, from several threads: in memory, or a part of a file that stays open.
enum FileContent: Sendable {
  case memory([UInt8])
  case file(SharedFile, start: Int, count: Int)

  var count: Int {
    switch self {
    case .memory(let bytes): bytes.count
    case .file(_, _, let count): count
    }
  }

  /// The bytes of `range`.
  func bytes(_ range: Range<Int>) throws(DatasetError) -> [UInt8] {
    precondition(range.lowerBound >= 0 && range.upperBound <= count, "bytes lie within the content")
    switch self {
    case .memory(let bytes): return Array(bytes[range])
    case .file(let shared, let start, _):
      return try shared.file.bytes(start + range.lowerBound..<start + range.upperBound)
    }
  }

  /// Hands `body` all bytes from `offset` on, in pieces of up to a mebibyte that are a multiple of 16 but for
  /// the last.
  func forEachPiece(
    from offset: Int = 0, _ body: ([UInt8]) throws(DatasetError) -> Void
  ) throws(DatasetError) {
    var position = offset
    while position < count {
      let end = min(position + (1 << 20), count)
      try body(try bytes(position..<end))
      position = end
    }
  }
}
