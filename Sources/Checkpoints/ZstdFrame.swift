import CZstd
import Platform

/// Bytes in one ordinary zstd frame: `zstd -d` reads it.
public enum ZstdFrame {
  /// What every frame begins with.
  static let magic: [UInt8] = [0x28, 0xB5, 0x2F, 0xFD]

  /// The size of the content that a frame announces in its header; nil if it announces none.
  static func announcedSize(of frame: [UInt8]) -> Int? {
    let size = frame.withUnsafeBytes { ZSTD_getFrameContentSize($0.baseAddress, $0.count) }
    // Errors and an unknown size are the two largest numbers.
    return Int(exactly: size)
  }

  /// The frame for `content`, with its size in the header and a content checksum.
  package static func compress(_ content: [UInt8]) -> [UInt8] {
    var frame: [UInt8] = []
    var compressor = ZstdCompressor(size: content.count)
    content.withUnsafeBytes { bytes in
      compressor.compress(bytes) { frame.append(contentsOf: $0) }
    }
    return frame
  }

  /// The content of `frame`, bytes that may be anything.
  ///
  /// - Parameters:
  ///   - expectedSize: the size of the content; any other is an error.
  ///   - path: what errors call the file.
  /// - Throws: ``CheckpointError`` of kind `damaged`, naming the file and the byte.
  public static func decompress(
    _ frame: [UInt8], expectedSize: Int, path: String
  ) throws(CheckpointError) -> [UInt8] {
    var decompressor = ZstdDecompressor(expectedSize: expectedSize, path: path)
    try frame.withRawBytes { bytes throws(CheckpointError) in
      try decompressor.decompress(bytes)
    }
    try decompressor.finish()
    return decompressor.content
  }
}
