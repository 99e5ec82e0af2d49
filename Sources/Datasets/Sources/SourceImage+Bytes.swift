extension SourceImage {
  /// The image in bytes: numbers are rounded to the nearest of the 256.
  package var raster: RasterImage {
    switch self {
    case .bytes(let image): image
    case .floats(let image):
      RasterImage(
        height: image.height, width: image.width, channels: image.channels,
        pixels: image.pixels.map { UInt8(max(0, min(255, (($0 + 1) * 127.5).rounded()))) })
    }
  }

  /// The whole image resampled to a square of `side * side * channels` numbers in [-1, 1], centred on black.
  package func square(_ side: Int, channels: Int, into result: UnsafeMutablePointer<Float>) {
    let resampling = Resampling(size: side, mode: .pad)
    switch self {
    case .bytes(let image): resampling.write(image, channels: channels, into: result)
    case .floats(let image): resampling.write(image, channels: channels, into: result)
    }
  }

  /// The least and the largest value, 0...255 of bytes and -1...1 of numbers.
  package var range: ClosedRange<Float> {
    switch self {
    case .bytes(let image): Float(image.pixels.min() ?? 0)...Float(image.pixels.max() ?? 0)
    case .floats(let image): (image.pixels.min() ?? 0)...(image.pixels.max() ?? 0)
    }
  }

  /// Whether the values are numbers rather than bytes.
  package var isFloat: Bool {
    if case .floats = self { true } else { false }
  }
}
