import CZlib

/// Inflates a gzip file piece by piece, so that what is written is bounded by what the caller has room for.
///
/// Checks what RFC 1952 offers: the header, each member's CRC-32 and length, and that nothing follows the
/// last member.
struct GzipStream: ~Copyable {
  private let compressed: UnsafeRawBufferPointer
  private let path: FilePath
  /// On the heap: zlib's state points back to it.
  private let stream: UnsafeMutablePointer<z_stream>
  private var consumed = 0
  private var isFinished = false

  /// No DEFLATE stream expands by more (a 258-byte match costs two bits at least).
  static let maximumRatio = 1032

  static func isGzip(_ bytes: some Collection<UInt8>) -> Bool {
    bytes.starts(with: [0x1F, 0x8B])
  }

  /// - Parameter compressed: the whole file; it must outlive the stream.
  init(_ compressed: UnsafeRawBufferPointer, path: FilePath) {
    self.compressed = compressed
    self.path = path
    stream = .allocate(capacity: 1)
    stream.initialize(to: z_stream())
    let gzipOnly: Int32 = 15 + 16
    let status = inflateInit2_(stream, gzipOnly, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
    precondition(status == Z_OK, "zlib starts a stream (status \(status))")
  }

  deinit {
    inflateEnd(stream)
    stream.deallocate()
  }

  /// Fills `output` and returns its count, or less at the end of the stream.
  mutating func inflate(into output: UnsafeMutableRawBufferPointer) throws(DatasetError) -> Int {
    var produced = 0
    while produced < output.count, !isFinished {
      let input = UnsafeRawBufferPointer(rebasing: compressed[consumed...].prefix(1 << 30))
      let room = min(output.count - produced, 1 << 30)
      stream.pointee.next_in = UnsafeMutablePointer(
        mutating: input.baseAddress?.assumingMemoryBound(to: UInt8.self))
      stream.pointee.avail_in = UInt32(input.count)
      stream.pointee.next_out = (output.baseAddress! + produced).assumingMemoryBound(to: UInt8.self)
      stream.pointee.avail_out = UInt32(room)
      let status = CZlib.inflate(stream, Z_NO_FLUSH)
      consumed += input.count - Int(stream.pointee.avail_in)
      produced += room - Int(stream.pointee.avail_out)
      switch status {
      case Z_OK: continue
      case Z_STREAM_END: try endMember()
      case Z_BUF_ERROR: throw fault("truncated gzip stream")
      default: throw fault("corrupt gzip stream: \(message(status))")
      }
    }
    return produced
  }

  /// A gzip file is one or more members; nothing else may follow.
  private mutating func endMember() throws(DatasetError) {
    let rest = UnsafeRawBufferPointer(rebasing: compressed[consumed...])
    if rest.isEmpty {
      isFinished = true
    } else if Self.isGzip(rest) {
      inflateReset(stream)
    } else {
      throw fault("\(rest.count) bytes follow the end of the gzip stream")
    }
  }

  private func message(_ status: Int32) -> String {
    stream.pointee.msg.map { String(cString: $0) } ?? "zlib status \(status)"
  }

  private func fault(_ what: String) -> DatasetError {
    DatasetError(.badData, what, "\(path), byte \(consumed)", "fetch the file again")
  }
}
