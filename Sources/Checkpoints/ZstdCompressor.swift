import CZstd

/// Writes one zstd frame piece by piece, with the content's size in its header and a content checksum at its
/// end.
struct ZstdCompressor: ~Copyable {
  private let context: OpaquePointer
  private let buffer: UnsafeMutableRawBufferPointer
  private var remaining: Int
  private var isEnded = false

  /// Floats have no repetitions, which higher levels search for: 1 gives fewer bytes, faster.
  private static let level: Int32 = 1

  /// - Parameters:
  ///   - size: the bytes of content to come, exactly.
  ///   - isNoise: hardly searches for repetitions at all, only counts how often each byte occurs: faster
  ///     still, and fewer bytes where what looks like a repetition is chance.
  init(size: Int, isNoise: Bool = false) {
    guard let context = ZSTD_createCCtx() else { preconditionFailure("no memory for a zstd context") }
    var parameters = [
      (ZSTD_c_compressionLevel, Self.level), (ZSTD_c_checksumFlag, 1), (ZSTD_c_contentSizeFlag, 1),
    ]
    if isNoise {
      // The length is how fast it passes over what does not repeat; the last, by its name of today
      // ZSTD_c_literalCompressionMode, has the entropy coder used all the same.
      parameters += [
        (ZSTD_c_strategy, Int32(ZSTD_fast.rawValue)), (ZSTD_c_targetLength, 1024),
        (ZSTD_c_experimentalParam5, 1),
      ]
    }
    for (parameter, value) in parameters {
      precondition(ZSTD_isError(ZSTD_CCtx_setParameter(context, parameter, value)) == 0, "known to zstd 1.4")
    }
    precondition(ZSTD_isError(ZSTD_CCtx_setPledgedSrcSize(context, UInt64(size))) == 0, "a new context")
    self.context = context
    buffer = .allocate(byteCount: ZSTD_CStreamOutSize(), alignment: 64)
    remaining = size
  }

  deinit {
    ZSTD_freeCCtx(context)
    buffer.deallocate()
  }

  /// Compresses the next piece of content and hands `sink` what is ready; the last piece ends the frame.
  /// - Precondition: the pieces do not exceed the announced size.
  mutating func compress<E>(
    _ content: UnsafeRawBufferPointer, sink: (UnsafeRawBufferPointer) throws(E) -> Void
  ) throws(E) {
    precondition(content.count <= remaining, "more content than was announced")
    // An empty piece behind the last one would open a second frame.
    if isEnded { return }
    remaining -= content.count
    isEnded = remaining == 0
    let mode = isEnded ? ZSTD_e_end : ZSTD_e_continue
    var input = ZSTD_inBuffer(src: content.baseAddress, size: content.count, pos: 0)
    var isDone = false
    while !isDone {
      var output = ZSTD_outBuffer(dst: buffer.baseAddress, size: buffer.count, pos: 0)
      let left = ZSTD_compressStream2(context, &output, &input, mode)
      precondition(ZSTD_isError(left) == 0, "zstd: \(String(cString: ZSTD_getErrorName(left)))")
      if output.pos > 0 { try sink(UnsafeRawBufferPointer(rebasing: buffer[..<output.pos])) }
      isDone = isEnded ? left == 0 : input.pos == input.size
    }
  }
}
