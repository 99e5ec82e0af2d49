import CZlib
import Platform

/// The chunk structure of a PNG file: lengths, types, CRC-32 and the order of first and last. libpng stops
/// reading after the last row and forgives much before it; with every byte under a checksum, no damaged image
/// passes.
enum PNGChunks {
  private static let crcOfEmpty = crc32(0, nil, 0)

  /// - Throws: ``DatasetError`` naming the byte of the first chunk that is damaged or cut off.
  static func verify(_ bytes: UnsafeRawBufferPointer, place: String) throws(DatasetError) {
    var position = ImageFormat.pngSignature.count
    while true {
      guard bytes.count - position >= 12 else { throw fault("truncated PNG", place, bytes.count) }
      let length = bytes.bigEndian32(at: position)
      guard length <= bytes.count - position - 12 else {
        let type = TerminalText.escaped(Array(bytes[position + 4..<position + 8]))
        throw fault("truncated PNG: chunk \(type) of \(length) bytes goes beyond the end", place, position)
      }
      let covered = UnsafeRawBufferPointer(rebasing: bytes[position + 4..<position + 8 + length])
      let type = Array(covered.prefix(4))
      let crc = crc32(
        crcOfEmpty, covered.baseAddress!.assumingMemoryBound(to: UInt8.self), UInt32(covered.count))
      guard Int(crc) == bytes.bigEndian32(at: position + 8 + length) else {
        throw fault("corrupt PNG: the CRC of chunk \(TerminalText.escaped(type)) is wrong", place, position)
      }
      position += 12 + length
      if type == Array("IEND".utf8) { break }
    }
    guard position == bytes.count else {
      throw fault("\(bytes.count - position) bytes follow the end of the PNG", place, position)
    }
  }

  private static func fault(_ what: String, _ place: String, _ position: Int) -> DatasetError {
    DatasetError(.badData, what, "\(place), byte \(position)", "replace the file")
  }
}
