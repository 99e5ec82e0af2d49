import CPNG
import Platform

/// PNG through libpng's simplified interface. 16 bits are reduced to 8, palettes and low depths expanded, and
/// alpha is composed on black. libpng converts to sRGB: a file whose gAMA chunk says another exponent than
/// 1/2.2 gives other values than in Pillow, which takes them as they are stored.
enum PNGDecoder {
  static func decode(
    _ bytes: UnsafeRawBufferPointer, extent: ImageExtent, place: String
  ) throws(DatasetError) -> RasterImage {
    let (decoded, channels) = try pixels(bytes, extent: extent, place: place)
    return composed(decoded, extent, channels: channels)
  }

  /// The same, and whether all of it is opaque.
  static func decodeTellingOpacity(
    _ bytes: UnsafeRawBufferPointer, extent: ImageExtent, place: String
  ) throws(DatasetError) -> (image: RasterImage, isOpaque: Bool) {
    let (decoded, channels) = try pixels(bytes, extent: extent, place: place)
    let alphas = stride(from: channels, to: decoded.count, by: channels + 1)
    return (composed(decoded, extent, channels: channels), alphas.allSatisfy { decoded[$0] == 255 })
  }

  /// The image composed on nothing, and the alpha of each pixel; 255 where the file has none.
  static func decodeWithAlpha(
    _ bytes: UnsafeRawBufferPointer, extent: ImageExtent, place: String
  ) throws(DatasetError) -> (image: RasterImage, alpha: [UInt8]) {
    let (decoded, channels) = try pixels(bytes, extent: extent, place: place)
    let alphas = stride(from: channels, to: decoded.count, by: channels + 1)
    let image = RasterImage(
      height: extent.height, width: extent.width, channels: channels,
      pixels: alphas.flatMap { decoded[$0 - channels..<$0] })
    return (image, alphas.map { decoded[$0] })
  }

  /// Grey or RGB, and behind it alpha, of each pixel.
  private static func pixels(
    _ bytes: UnsafeRawBufferPointer, extent: ImageExtent, place: String
  ) throws(DatasetError) -> ([UInt8], channels: Int) {
    try PNGChunks.verify(bytes, place: place)
    // On the heap: libpng keeps the address between the calls.
    let image = UnsafeMutablePointer<png_image>.allocate(capacity: 1)
    image.initialize(to: png_image())
    image.pointee.version = png_uint_32(PNG_IMAGE_VERSION)
    defer {
      png_image_free(image)
      image.deallocate()
    }
    guard png_image_begin_read_from_memory(image, bytes.baseAddress, bytes.count) != 0 else {
      throw fault(image, place)
    }
    precondition(
      Int(image.pointee.height) == extent.height && Int(image.pointee.width) == extent.width,
      "one IHDR, one size")
    // Without this flag, samples of 16 bits would be taken for linear light.
    image.pointee.flags |= png_uint_32(PNG_IMAGE_FLAG_16BIT_sRGB)
    let isColour = image.pointee.format & png_uint_32(PNG_FORMAT_FLAG_COLOR) != 0
    let channels = isColour ? 3 : 1
    image.pointee.format =
      png_uint_32(PNG_FORMAT_FLAG_ALPHA) | (isColour ? png_uint_32(PNG_FORMAT_FLAG_COLOR) : 0)
    let count = extent.height * extent.width
    var isWhole = false
    let decoded = [UInt8](unsafeUninitializedCapacity: count * (channels + 1)) { buffer, initialized in
      isWhole = png_image_finish_read(image, nil, buffer.baseAddress, 0, nil) != 0
      initialized = isWhole ? count * (channels + 1) : 0
    }
    guard isWhole else { throw fault(image, place) }
    return (decoded, channels)
  }

  /// `value * alpha / 255`, rounded.
  private static func composed(_ decoded: [UInt8], _ extent: ImageExtent, channels: Int) -> RasterImage {
    let count = extent.height * extent.width
    let pixels = [UInt8](unsafeUninitializedCapacity: count * channels) { result, initialized in
      for index in 0..<count {
        let source = index &* (channels &+ 1)
        let alpha = UInt32(decoded[source &+ channels])
        for channel in 0..<channels {
          let value = UInt32(decoded[source &+ channel]) &* alpha &+ 127
          result[index &* channels &+ channel] = UInt8(truncatingIfNeeded: value / 255)
        }
      }
      initialized = count * channels
    }
    return RasterImage(height: extent.height, width: extent.width, channels: channels, pixels: pixels)
  }

  private static func fault(_ image: UnsafeMutablePointer<png_image>, _ place: String) -> DatasetError {
    let message = withUnsafeBytes(of: &image.pointee.message) { Array($0.prefix { $0 != 0 }) }
    return DatasetError(
      .badData, "corrupt PNG: \(TerminalText.escaped(message))", place, "replace the file")
  }
}
