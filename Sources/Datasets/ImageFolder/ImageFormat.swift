/// The image formats that are read, told by their first bytes, whatever the file's name ends with.
enum ImageFormat: Sendable {
  case png, jpeg

  static let pngSignature: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]

  init?(_ bytes: UnsafeRawBufferPointer) {
    if bytes.starts(with: Self.pngSignature) {
      self = .png
    } else if bytes.starts(with: [0xFF, 0xD8, 0xFF]) {
      self = .jpeg
    } else {
      return nil
    }
  }

  /// What the names of images end in, in any case.
  static let extensions = ["jfif", "jpe", "jpeg", "jpg", "png"]

  /// Whether a file of that name is taken for an image.
  static func isImageName(_ name: [UInt8]) -> Bool {
    extensions.contains { name.isName(endingIn: ".\($0)") }
  }

  /// Decodes a whole file.
  /// - Throws: ``DatasetError`` naming `place` for anything short of a whole image within `limits`.
  static func decode(
    _ bytes: UnsafeRawBufferPointer, place: String, limits: DatasetLimits
  ) throws(DatasetError) -> RasterImage {
    let (format, extent, _) = try ImageExtent.parse(bytes, place: place, limits: limits)
    return try format.decode(bytes, extent: extent, place: place)
  }

  /// Decodes a whole file of this format.
  func decode(
    _ bytes: UnsafeRawBufferPointer, extent: ImageExtent, place: String
  ) throws(DatasetError) -> RasterImage {
    switch self {
    case .png: try PNGDecoder.decode(bytes, extent: extent, place: place)
    case .jpeg: try JPEGDecoder.decode(bytes, extent: extent, place: place)
    }
  }

  /// Whether a file of this format has its end: a PNG the empty chunk IEND with its CRC, a JPEG its last
  /// marker.
  func isEnded(_ bytes: UnsafeRawBufferPointer) -> Bool {
    switch self {
    case .png: bytes.suffix(12).elementsEqual([0, 0, 0, 0, 0x49, 0x45, 0x4E, 0x44, 0xAE, 0x42, 0x60, 0x82])
    case .jpeg: bytes.suffix(2).elementsEqual([0xFF, 0xD9])
    }
  }

  /// Checks the header of a whole file, and decodes it where it was cut off or goes on with something else.
  static func inspect(
    _ bytes: UnsafeRawBufferPointer, place: String, limits: DatasetLimits
  ) throws(DatasetError) -> (extent: ImageExtent, channels: Int, isTurned: Bool) {
    let header = try ImageExtent.parse(bytes, place: place, limits: limits)
    if !header.format.isEnded(bytes) {
      _ = try header.format.decode(bytes, extent: header.extent, place: place)
    }
    return (header.extent, header.channels, EXIFOrientation.isTurned(bytes))
  }
}
