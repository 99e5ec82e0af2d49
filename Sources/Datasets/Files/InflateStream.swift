import CZlib

/// Inflates a gzip file or a bare DEFLATE stream piece by piece, so that what is read and what is written is
/// bounded by what the caller has room for.
///
/// Checks what there is: of gzip (RFC 1952) the header, each member's CRC-32 and length; of both (RFC 1951)
/// that nothing follows the end.
struct InflateStream: ~Copyable {
  enum Format: String {
    case gzip
    /// As zip files hold it.
    case raw = "DEFLATE"

    /// How zlib is told: a window of 2^15 bytes, and what is around the stream.
    fileprivate var windowBits: Int32 { self == .gzip ? 15 + 16 : -15 }
  }

  /// What a stream of a known size gives.
  enum Whole {
    case bytes([UInt8])
    /// It ends after so many bytes.
    case short(Int)
    case long
  }

  private let compressed: FileContent
  private let format: Format
  private let place: String
  /// On the heap: zlib's state points back to it.
  private let stream: UnsafeMutablePointer<z_stream>
  /// What was read of it last, and how much of that is left.
  private var piece: [UInt8] = []
  private var rest = 0
  /// The bytes that zlib has taken.
  private var consumed = 0
  private var isFinished = false

  /// No DEFLATE stream expands by more (a 258-byte match costs two bits at least).
  static let maximumRatio = 1032
  private static let pieceBytes = 1 << 20

  static func isGzip(_ bytes: some Collection<UInt8>) -> Bool {
    bytes.starts(with: [0x1F, 0x8B])
  }

  /// - Parameters:
  ///   - compressed: the whole stream.
  ///   - place: what errors call it.
  init(_ format: Format, _ compressed: FileContent, place: String) {
    self.compressed = compressed
    self.format = format
    self.place = place
    stream = .allocate(capacity: 1)
    stream.initialize(to: z_stream())
    let status = inflateInit2_(
      stream, format.windowBits, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
    precondition(status == Z_OK, "zlib starts a stream (status \(status))")
  }

  deinit {
    inflateEnd(stream)
    stream.deallocate()
  }

  /// The next `count` bytes, or those up to the end of the stream.
  mutating func bytes(_ count: Int) throws(DatasetError) -> [UInt8] {
    var result = [UInt8](repeating: 0, count: count)
    var produced = 0
    while produced < count, !isFinished {
      if rest == 0, consumed < compressed.count {
        piece = try compressed.bytes(consumed..<min(consumed + Self.pieceBytes, compressed.count))
        rest = piece.count
      }
      try OpenFile.checkStop(place)
      let room = min(count - produced, OpenFile.mostBytes)
      let status = result.withUnsafeMutableBufferPointer { result in
        piece.withUnsafeBufferPointer { piece in
          stream.pointee.next_in = piece.baseAddress.map {
            UnsafeMutablePointer(mutating: $0 + (piece.count - rest))
          }
          stream.pointee.avail_in = UInt32(rest)
          stream.pointee.next_out = result.baseAddress! + produced
          stream.pointee.avail_out = UInt32(room)
          return CZlib.inflate(stream, Z_NO_FLUSH)
        }
      }
      consumed += rest - Int(stream.pointee.avail_in)
      rest = Int(stream.pointee.avail_in)
      produced += room - Int(stream.pointee.avail_out)
      switch status {
      case Z_OK: continue
      case Z_STREAM_END: try endMember()
      case Z_BUF_ERROR: throw fault("truncated \(format.rawValue) stream")
      default: throw fault("corrupt \(format.rawValue) stream: \(message(status))")
      }
    }
    result.removeLast(count - produced)
    return result
  }

  /// The rest of a stream that must have `count` bytes.
  mutating func exactly(_ count: Int) throws(DatasetError) -> Whole {
    let bytes = try self.bytes(count)
    guard bytes.count == count else { return .short(bytes.count) }
    // One byte more must not come; asking for it also makes zlib check the CRC at the end.
    return try self.bytes(1).isEmpty ? .bytes(bytes) : .long
  }

  /// A gzip file is one or more members; nothing else may follow.
  private mutating func endMember() throws(DatasetError) {
    let following = compressed.count - consumed
    if following == 0 {
      isFinished = true
    } else if format == .gzip, Self.isGzip(try compressed.bytes(consumed..<consumed + min(2, following))) {
      inflateReset(stream)
    } else {
      throw fault("\(following) bytes follow the end of the \(format.rawValue) stream")
    }
  }

  private func message(_ status: Int32) -> String {
    stream.pointee.msg.map { String(cString: $0) } ?? "zlib status \(status)"
  }

  private func fault(_ what: String) -> DatasetError {
    DatasetError(.badData, what, "\(place), byte \(consumed)", "fetch the file again")
  }
}
