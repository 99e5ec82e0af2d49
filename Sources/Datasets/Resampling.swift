#if canImport(Glibc)
  import Glibc
#endif

/// How images are brought to a size that holds no whole number of their pixels.
public enum ResizeMode: String, CaseIterable, Hashable, Sendable {
  /// They are not: whole factors only.
  case none
  /// The middle square is resampled; what lies beyond it is lost.
  case crop
  /// The whole image is resampled and centred on black.
  case pad
}

/// Antialiased resampling with the cubic kernel of Keys (1981) with a = -1/2, stretched by the factor of
/// reduction, as Pillow's BICUBIC does: the filter that the field's metrics are defined with (Parmar et al.
/// 2022). In floating point, without rounding in between, in one fixed order.
struct Resampling: Sendable {
  /// Height and width of the result.
  let size: Int
  let mode: ResizeMode

  /// What it does to images of a size, nil for several sizes: nothing, `cropped`, `scaled`, `padded` or two
  /// of these.
  func changes(_ extent: ImageExtent?) -> [String] {
    let isSquare = extent.map { $0.height == $0.width } ?? false
    let side = extent.map { mode == .crop ? min($0.height, $0.width) : max($0.height, $0.width) }
    return (mode == .crop && !isSquare ? ["cropped"] : []) + (side == size ? [] : ["scaled"])
      + (mode == .pad && !isSquare ? ["padded"] : [])
  }

  /// Writes `size * size * image.channels` values in [-1, 1].
  func write(_ image: FloatImage, into result: UnsafeMutablePointer<Float>) {
    let (top, left, height, width) = window(image)
    let longest = max(height, width)
    let rows = max(1, (size * height + longest / 2) / longest)
    let columns = max(1, (size * width + longest / 2) / longest)
    let horizontal = Self.weights(from: width, to: columns)
    let vertical = Self.weights(from: height, to: rows)
    let channels = image.channels
    result.update(repeating: -1, count: size * size * channels)
    let corner = result + ((size - rows) / 2 * size + (size - columns) / 2) * channels

    var middle = [Float](repeating: 0, count: height * columns * channels)
    for y in 0..<height {
      let source = ((top + y) * image.width + left) * channels
      for (x, taps) in horizontal.enumerated() {
        for channel in 0..<channels {
          var sum: Float = 0
          for (tap, weight) in taps.weights.enumerated() {
            sum += weight * image.pixels[source + (taps.first + tap) * channels + channel]
          }
          middle[(y * columns + x) * channels + channel] = sum
        }
      }
    }
    for (y, taps) in vertical.enumerated() {
      for x in 0..<columns * channels {
        var sum: Float = 0
        for (tap, weight) in taps.weights.enumerated() {
          sum += weight * middle[(taps.first + tap) * columns * channels + x]
        }
        // The kernel has negative lobes: an edge may overshoot.
        corner[y * size * channels + x] = max(-1, min(1, sum))
      }
    }
  }

  /// The part of the image that is seen.
  private func window(_ image: FloatImage) -> (top: Int, left: Int, height: Int, width: Int) {
    guard mode == .crop else { return (0, 0, image.height, image.width) }
    let side = min(image.height, image.width)
    return ((image.height - side) / 2, (image.width - side) / 2, side, side)
  }

  private struct Taps {
    let first: Int
    let weights: [Float]
  }

  /// The source pixels of each result pixel along one axis, with weights that sum to 1.
  private static func weights(from source: Int, to target: Int) -> [Taps] {
    let scale = Double(source) / Double(target)
    let stretch = max(scale, 1)
    let reach = 2 * stretch
    return (0..<target).map { index in
      let centre = (Double(index) + 0.5) * scale
      let first = max(0, Int((centre - reach + 0.5).rounded(.down)))
      let last = min(source, Int((centre + reach + 0.5).rounded(.down)))
      let raw = (first..<last).map { cubic((Double($0) - centre + 0.5) / stretch) }
      let sum = raw.reduce(0, +)
      return Taps(first: first, weights: raw.map { Float($0 / sum) })
    }
  }

  private static func cubic(_ distance: Double) -> Double {
    let (x, a) = (abs(distance), -0.5)
    if x < 1 { return ((a + 2) * x - (a + 3)) * x * x + 1 }
    return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0
  }
}
