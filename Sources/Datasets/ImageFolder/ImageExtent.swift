/// The height and width of an image, from its header alone.
package struct ImageExtent: Hashable, Sendable {
  package let height: Int
  package let width: Int

  /// `30 x 32` (height by width).
  package var sizes: String { "\(height) x \(width)" }

  /// Reads the header in `bytes`, a whole file: format, extent and channels, 1 (grey) or 3 (RGB).
  /// - Throws: ``DatasetError`` when there is no such header, or the image is beyond `limits`.
  static func parse(
    _ bytes: UnsafeRawBufferPointer, place: String, limits: DatasetLimits
  ) throws(DatasetError) -> (format: ImageFormat, extent: ImageExtent, channels: Int) {
    guard let format = ImageFormat(bytes) else {
      let what = bytes.isEmpty ? "an empty file" : "neither a PNG nor a JPEG image"
      throw DatasetError(.badData, what, "\(place), byte 0", "remove or replace it")
    }
    let (extent, channels): (ImageExtent, Int)
    switch format == .png ? png(bytes) : jpeg(bytes) {
    case .size(let found, let count): (extent, channels) = (found, count)
    case .cutOff:
      throw DatasetError(
        .badData, "the image ends before its size is said", "\(place), byte \(bytes.count)", "replace it")
    case .unread(let what, let advice): throw DatasetError(.badData, what, place, advice)
    }
    guard channels <= 3 else {
      throw DatasetError(.badData, "a CMYK JPEG", place, "convert it to RGB or grey")
    }
    guard extent.height > 0, extent.width > 0 else {
      throw DatasetError(.badData, "an image of \(extent.sizes) pixels", place, "replace it")
    }
    try limits.check(height: extent.height, width: extent.width, place: place)
    guard extent.leastFile(format) <= bytes.count else {
      throw DatasetError(
        .badData, "an image of \(extent.sizes), which \(bytes.count) bytes cannot hold", place,
        "replace it")
    }
    return (format, extent, channels)
  }

  /// No file of the image can be shorter. PNG: a bit a pixel, deflated by the most there is. JPEG: a bit for
  /// each block of 8 x 8 pixels of Huffman's codes; the arithmetic ones, which have no such bound, are not
  /// read.
  private func leastFile(_ format: ImageFormat) -> Int {
    switch format {
    case .png: height * ((width + 7) / 8) / InflateStream.maximumRatio
    case .jpeg: (height + 7) / 8 * ((width + 7) / 8) / 8
    }
  }

  /// What a header says.
  private enum Header {
    case size(ImageExtent, channels: Int)
    /// The file ends before it.
    case cutOff
    /// No size that is read.
    case unread(_ what: String, advice: String)
  }

  /// PNG: the first chunk is IHDR: width, height, bits of a sample and the type of colour, whose second bit
  /// is set for RGB and palettes.
  private static func png(_ bytes: UnsafeRawBufferPointer) -> Header {
    guard bytes.count >= 26 else { return .cutOff }
    guard bytes[12..<16].elementsEqual(Array("IHDR".utf8)) else {
      return .unread("a PNG that does not begin with its header", advice: "replace it")
    }
    return .size(
      ImageExtent(height: bytes.bigEndian32(at: 20), width: bytes.bigEndian32(at: 16)),
      channels: bytes[25] & 2 == 0 ? 1 : 3)
  }

  /// JPEG: the first frame header (SOF0-15 but DHT, JPG and DAC): precision, height, width, components.
  private static func jpeg(_ bytes: UnsafeRawBufferPointer) -> Header {
    var segments = JPEGSegments(bytes)
    while let (marker, content) = segments.next() {
      switch marker {
      case 0xC4, 0xC8, 0xCC:
        continue
      case 0xC9...0xCF:
        return .unread("an arithmetic-coded JPEG", advice: "save it as baseline JPEG")
      case 0xC0...0xC7 where content.count >= 6:
        return .size(
          ImageExtent(height: content.bigEndian16(at: 1), width: content.bigEndian16(at: 3)),
          channels: content[5] == 1 ? 1 : max(3, Int(content[5])))
      default:
        continue
      }
    }
    return segments.isCutOff ? .cutOff : .unread("a JPEG without a frame header", advice: "replace it")
  }
}

extension UnsafeRawBufferPointer {
  func bigEndian16(at offset: Int) -> Int { Int(self[offset]) << 8 | Int(self[offset + 1]) }

  func bigEndian32(at offset: Int) -> Int { bigEndian16(at: offset) << 16 | bigEndian16(at: offset + 2) }
}
