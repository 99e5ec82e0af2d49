/// Bytes with numbers in them, lowest byte first.
struct LittleEndian {
  let bytes: [UInt8]

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  /// The number in `count` bytes from `offset` on; of 8 bytes, negative if it does not fit.
  func number(_ offset: Int, _ count: Int) -> Int {
    (0..<count).reduce(0) { $0 | Int(bytes[offset + $1]) << (8 * $1) }
  }
}

extension UnsafeRawBufferPointer {
  /// The numbers that the whole bytes are, lowest byte first.
  func numbers<Word: FixedWidthInteger & BitwiseCopyable>(_: Word.Type) -> [Word] {
    let size = MemoryLayout<Word>.size
    return (0..<count / size).map {
      Word(littleEndian: loadUnaligned(fromByteOffset: $0 * size, as: Word.self))
    }
  }
}
