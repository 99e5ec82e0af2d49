/// A picture of 8-bit samples in sRGB, rows from the top, channels innermost.
public struct Pixels: Equatable, Sendable {
  /// Columns.
  public let width: Int
  /// Rows.
  public let height: Int
  /// 1 (grey) or 3 (red, green, blue).
  public let channels: Int
  /// `height * width * channels` samples.
  public let samples: [UInt8]

  /// - Precondition: the extents are positive, `channels` is 1 or 3, and `samples` fills them exactly.
  public init(width: Int, height: Int, channels: Int, samples: [UInt8]) {
    precondition(width > 0 && height > 0, "a picture has pixels, not \(width) x \(height)")
    precondition(channels == 1 || channels == 3, "a picture has 1 or 3 channels, not \(channels)")
    precondition(
      samples.count == width * height * channels, "\(samples.count) samples do not fill the picture")
    self.width = width
    self.height = height
    self.channels = channels
    self.samples = samples
  }
}
