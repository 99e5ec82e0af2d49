import CZstd

/// Reads one zstd frame piece by piece, from bytes that may be anything, up to a size known beforehand.
///
/// What is produced grows with what is read; a frame that announces another size than expected, wants a
/// window above 128 MiB, goes on after its end or fails its checksum is an error.
struct ZstdDecompressor: ~Copyable {
  private let context: OpaquePointer
  private let buffer: UnsafeMutableRawBufferPointer
  private let expectedSize: Int
  private let path: String
  private var isEnded = false
  /// Bytes of the frame read so far.
  private(set) var position = 0
  /// What has been decompressed.
  private(set) var content: [UInt8] = []

  /// - Parameters:
  ///   - expectedSize: the bytes of content that the frame must hold, exactly.
  ///   - path: what errors call the file.
  init(expectedSize: Int, path: String) {
    guard let context = ZSTD_createDCtx() else { preconditionFailure("no memory for a zstd context") }
    let result = ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, 27)
    precondition(ZSTD_isError(result) == 0, "known to zstd 1.4")
    self.context = context
    buffer = .allocate(byteCount: ZSTD_DStreamOutSize(), alignment: 64)
    self.expectedSize = expectedSize
    self.path = path
  }

  deinit {
    ZSTD_freeDCtx(context)
    buffer.deallocate()
  }

  /// Decompresses the next piece of the file; the first must hold the frame header (18 bytes suffice) or be
  /// all.
  mutating func decompress(_ piece: UnsafeRawBufferPointer) throws(CheckpointError) {
    if position == 0, piece.count > 0 { try checkHeader(piece) }
    var input = ZSTD_inBuffer(src: piece.baseAddress, size: piece.count, pos: 0)
    let start = position
    var isDrained = true
    while input.pos < input.size || !isDrained {
      guard !isEnded else { throw damaged("bytes after the end of the zstd frame") }
      var output = ZSTD_outBuffer(dst: buffer.baseAddress, size: buffer.count, pos: 0)
      let result = ZSTD_decompressStream(context, &output, &input)
      position = start + input.pos
      guard content.count + output.pos <= expectedSize else {
        throw damaged("more content than the \(expectedSize) bytes of the manifest")
      }
      content.append(contentsOf: buffer[..<output.pos])
      guard ZSTD_isError(result) == 0 else {
        throw damaged("not a whole zstd frame: \(String(cString: ZSTD_getErrorName(result)))")
      }
      isEnded = result == 0
      isDrained = isEnded || output.pos < output.size
    }
  }

  /// Says that the file is at its end.
  mutating func finish() throws(CheckpointError) {
    guard isEnded else { throw damaged("the file ends within the zstd frame") }
    guard content.count == expectedSize else {
      throw damaged("\(content.count) bytes of content instead of \(expectedSize)")
    }
  }

  private func checkHeader(_ piece: UnsafeRawBufferPointer) throws(CheckpointError) {
    let size = ZSTD_getFrameContentSize(piece.baseAddress, piece.count)
    // The macros ZSTD_CONTENTSIZE_ERROR and _UNKNOWN are casts, which Swift does not see.
    guard size != UInt64.max - 1 else { throw damaged("not a zstd frame") }
    guard size == UInt64(expectedSize) else {
      let announced = size == UInt64.max ? "no size" : "\(size) bytes"
      throw damaged("the zstd frame announces \(announced) of content instead of \(expectedSize)")
    }
  }

  private func damaged(_ problem: String) -> CheckpointError {
    CheckpointError(.damaged, problem, path: path, offset: .file(position))
  }
}
