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

  /// Rows that are computed side by side: each sum is a chain of its own, in the order of the taps.
  private typealias Rows = SIMD8<Float>

  /// Writes `size * size * channels` values in [-1, 1].
  func write(_ image: some PixelRows, channels: Int, into result: UnsafeMutablePointer<Float>) {
    let (top, left, height, width) = window(image)
    let longest = max(height, width)
    let rows = max(1, (size * height + longest / 2) / longest)
    let columns = max(1, (size * width + longest / 2) / longest)
    let count = columns * channels
    result.update(repeating: -1, count: size * size * channels)
    let corner = result + ((size - rows) / 2 * size + (size - columns) / 2) * channels
    let vertical = Self.weights(from: height, to: rows)
    withUnsafeTemporaryAllocation(of: Float.self, capacity: height * count) { middle in
      let middle = middle.baseAddress.unsafelyUnwrapped
      let horizontal = Self.weights(from: width, to: columns)
      withUnsafeTemporaryAllocation(of: Float.self, capacity: width * channels) { row in
        withUnsafeTemporaryAllocation(of: Rows.self, capacity: width * channels) { block in
          for first in stride(from: 0, to: height, by: Rows.scalarCount) {
            let last = min(first + Rows.scalarCount, height) - 1
            for lane in 0..<Rows.scalarCount {
              image.write(
                row: top + min(first + lane, last), from: left, count: width, channels: channels,
                to: row.baseAddress.unsafelyUnwrapped)
              for index in 0..<width &* channels { block[index][lane] = row[index] }
            }
            for (x, taps) in horizontal.enumerated() {
              for channel in 0..<channels {
                var sum = Rows.zero
                var place = taps.first &* channels &+ channel
                for weight in taps.weights {
                  sum += weight * block[place]
                  place &+= channels
                }
                for lane in 0...last - first {
                  middle[(first + lane) * count + x * channels + channel] = sum[lane]
                }
              }
            }
          }
        }
      }
      for (y, taps) in vertical.enumerated() {
        let target = corner + y * size * channels
        target.update(repeating: 0, count: count)
        for (tap, weight) in taps.weights.enumerated() {
          let source = middle + (taps.first + tap) * count
          for x in 0..<count { target[x] += weight * source[x] }
        }
        // The kernel has negative lobes: an edge may overshoot.
        for x in 0..<count { target[x] = max(-1, min(1, target[x])) }
      }
    }
  }

  /// The part of the image that is seen.
  private func window(_ image: some PixelRows) -> (top: Int, left: Int, height: Int, width: Int) {
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

/// An image that gives its rows as numbers in [-1, 1].
protocol PixelRows {
  var height: Int { get }
  var width: Int { get }
  /// Writes `count` pixels of a row, grey (1) or RGB (3), channels innermost; luma as of bytes, ITU-R BT.601.
  func write(row: Int, from column: Int, count: Int, channels: Int, to target: UnsafeMutablePointer<Float>)
}

extension PixelRows {
  /// Writes pixels of other channels than are asked for.
  @inline(__always)
  func convert(
    _ count: Int, toChannels wanted: Int, _ target: UnsafeMutablePointer<Float>, _ value: (Int) -> Float
  ) {
    for index in 0..<count {
      if wanted == 3 {
        let grey = value(index)
        for channel in 0..<3 { target[3 &* index &+ channel] = grey }
      } else {
        let (red, green, blue) = (value(3 &* index), value(3 &* index &+ 1), value(3 &* index &+ 2))
        target[index] = 0.299 * red + 0.587 * green + 0.114 * blue
      }
    }
  }
}

extension FloatImage: PixelRows {
  func write(
    row: Int, from column: Int, count: Int, channels wanted: Int, to target: UnsafeMutablePointer<Float>
  ) {
    pixels.withUnsafeBufferPointer { pixels in
      let first = (row * width + column) * channels
      guard wanted != channels else {
        return target.update(from: pixels.baseAddress! + first, count: count * channels)
      }
      convert(count, toChannels: wanted, target) { pixels[first + $0] }
    }
  }
}

extension RasterImage: PixelRows {
  /// What each byte stands for.
  private static let values = (0..<256).map { Float($0) / 127.5 - 1 }

  func write(
    row: Int, from column: Int, count: Int, channels wanted: Int, to target: UnsafeMutablePointer<Float>
  ) {
    Self.values.withUnsafeBufferPointer { values in
      pixels.withUnsafeBufferPointer { pixels in
        let first = (row * width + column) * channels
        guard wanted != channels else {
          for index in 0..<count &* channels { target[index] = values[Int(pixels[first &+ index])] }
          return
        }
        convert(count, toChannels: wanted, target) { values[Int(pixels[first + $0])] }
      }
    }
  }
}
