import CPNG

/// A picture encoded as PNG: 8 bits per sample, grey or RGB, sRGB, no time stamp, so that equal pixels give
/// equal bytes.
public struct PNGFile: Sendable {
  /// Columns.
  public let width: Int
  /// Rows.
  public let height: Int
  /// 1 (grey) or 3 (RGB).
  public let channels: Int
  /// The file's bytes.
  public let bytes: [UInt8]

  /// Encodes `pixels`.
  /// - Throws: ``ReportingError/cannotEncode(width:height:reason:)``.
  public init(encoding pixels: Pixels) throws(ReportingError) {
    width = pixels.width
    height = pixels.height
    channels = pixels.channels
    let (encoded, message) = Self.encode(pixels)
    guard let encoded else {
      throw .cannotEncode(width: pixels.width, height: pixels.height, reason: message)
    }
    bytes = encoded
  }

  /// Writes the file, atomically: a reader finds the old picture or the new one.
  /// - Throws: ``ReportingError/cannotWrite(path:operation:errno:)``.
  public func write(to path: String) throws(ReportingError) {
    try AtomicFile.write(bytes, to: path, durable: false)
  }

  /// Encodes and writes `pixels`, atomically.
  /// - Throws: ``ReportingError``.
  public static func write(_ pixels: Pixels, to path: String) throws(ReportingError) {
    try PNGFile(encoding: pixels).write(to: path)
  }

  /// The encoded bytes, or nil and libpng's message.
  private static func encode(_ pixels: Pixels) -> ([UInt8]?, String) {
    guard let width = UInt32(exactly: pixels.width), let height = UInt32(exactly: pixels.height) else {
      return (nil, "the extents do not fit 32 bits")
    }
    var image = png_image()
    image.version = png_uint_32(PNG_IMAGE_VERSION)
    image.width = width
    image.height = height
    image.format = pixels.channels == 1 ? 0 : png_uint_32(PNG_FORMAT_FLAG_COLOR)
    defer { png_image_free(&image) }

    // Incompressible pixels grow by five bytes per stored block (RFC 1951) and twelve per 8 KiB chunk: below
    // 1/256.
    var size = pixels.samples.count + pixels.height
    size += size / 256 + 4096
    let bytes = [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
      let written = pixels.samples.withUnsafeBytes {
        png_image_write_to_memory(&image, buffer.baseAddress, &size, 0, $0.baseAddress, 0, nil)
      }
      count = written == 0 ? 0 : size
    }
    if !bytes.isEmpty { return (bytes, "") }
    let message = withUnsafeBytes(of: image.message) {
      String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
    }
    return (nil, message)
  }
}
