public import TensorCore

/// Lays images out as the cells of one picture, row by row: samples of a generator, or one interpolation per
/// row.
public struct ImageGrid: Sendable {
  /// Cells per row; nil for the nearest square, `ceil(sqrt(N))`.
  public let columns: Int?

  /// - Parameter columns: cells per row, for interpolations their length; nil for the nearest square.
  public init(columns: Int? = nil) {
    precondition(columns.map { $0 > 0 } ?? true, "a grid has at least one column")
    self.columns = columns
  }

  /// The grid of `images`, of shape `[N, H, W, C]` with C 1 or 3, values in [-1, 1].
  ///
  /// -1 becomes 0 and 1 becomes 255, rounded to nearest; values outside are clamped and NaN is drawn black.
  /// Images are magnified by the largest factor with cells of at most 64 pixels.
  public func pixels(of images: Tensor) -> Pixels {
    precondition(images.shape.rank == 4 && images.count > 0, "images are [N, H, W, C], not \(images.shape)")
    let (count, height, width, channels) = (
      images.shape[0], images.shape[1], images.shape[2], images.shape[3]
    )
    let scale = max(1, 64 / max(height, width))
    let layout = GridLayout(
      of: count, columns: columns, cellWidth: width * scale, cellHeight: height * scale)

    var samples = layout.blank(channels: channels)
    samples.withUnsafeMutableBufferPointer { samples in
      images.withUnsafeBufferPointer { values in
        var source = 0
        for cell in 0..<count {
          let (left, top) = layout.origin(of: cell)
          for y in 0..<height {
            let firstRow = ((top + y * scale) * layout.width + left) * channels
            var target = firstRow
            for _ in 0..<width {
              for _ in 0..<scale {
                for channel in 0..<channels {
                  samples[target + channel] = Self.quantized(values[source + channel])
                }
                target += channels
              }
              source += channels
            }
            let row = UnsafeMutableBufferPointer(rebasing: samples[firstRow..<target])
            for repetition in 1..<scale {
              let start = firstRow + repetition * layout.width * channels
              _ = samples[start..<start + row.count].update(fromContentsOf: row)
            }
          }
        }
      }
    }
    return Pixels(width: layout.width, height: layout.height, channels: channels, samples: samples)
  }

  /// One image `[H, W, C]` by itself, with values as in a grid.
  public static func pixels(ofOne image: Tensor) -> Pixels {
    precondition(image.shape.rank == 3, "an image is [H, W, C], not \(image.shape)")
    return Pixels(
      width: image.shape[1], height: image.shape[0], channels: image.shape[2],
      samples: image.scalars.map(quantized))
  }

  private static func quantized(_ value: Float) -> UInt8 {
    // `Float.maximum` returns the number when the other argument is NaN.
    UInt8(Float.minimum(255, Float.maximum(0, (value + 1) * 127.5)).rounded())
  }
}
