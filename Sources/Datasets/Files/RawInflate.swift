import CZlib

/// Inflates a bare DEFLATE stream (RFC 1951) whose size is known, as zip files hold them.
enum RawInflate {
  /// - Parameter count: the bytes that the stream must give, exactly; the caller has held them against
  ///   `compressed`.
  static func inflate(_ compressed: [UInt8], count: Int, path: FilePath) throws(DatasetError) -> [UInt8] {
    let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
    stream.initialize(to: z_stream())
    let status = inflateInit2_(stream, -15, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
    precondition(status == Z_OK, "zlib starts a stream (status \(status))")
    defer {
      inflateEnd(stream)
      stream.deallocate()
    }
    var source = compressed
    // One byte more than wanted, so that a stream that goes on is noticed.
    var result = [UInt8](repeating: 0, count: count + 1)
    let (end, produced) = source.withUnsafeMutableBufferPointer { source in
      result.withUnsafeMutableBufferPointer { result in
        var (read, written, status) = (0, 0, Z_OK)
        while status == Z_OK {
          let (input, room) = (min(source.count - read, 1 << 30), min(result.count - written, 1 << 30))
          stream.pointee.next_in = source.baseAddress.map { $0 + read }
          stream.pointee.avail_in = UInt32(input)
          stream.pointee.next_out = result.baseAddress! + written
          stream.pointee.avail_out = UInt32(room)
          status = CZlib.inflate(stream, Z_NO_FLUSH)
          read += input - Int(stream.pointee.avail_in)
          written += room - Int(stream.pointee.avail_out)
          // A full result ends it too: Z_OK with no room left would ask for ever.
          if status == Z_OK, written == result.count { status = Z_BUF_ERROR }
        }
        return (status == Z_STREAM_END && read == source.count, written)
      }
    }
    guard end, produced == count else {
      throw DatasetError(
        .badData, "corrupt or truncated DEFLATE stream, \(min(produced, count)) of \(count) bytes",
        path.description, "fetch the file again")
    }
    result.removeLast()
    return result
  }
}
