/// How an image of bytes becomes a square of floats: of the size itself, copied; smaller, enlarged by the
/// largest whole factor (nearest pixel); larger by a whole factor, box average; centred, the rest filled with
/// black (-1).
///
/// Nothing is interpolated: every value is a mean of source pixels, of bytes the exact one rounded to
/// Float32, on every machine the same.
struct PixelFit: Sendable {
  let sourceHeight: Int
  let sourceWidth: Int
  /// Height and width of the result.
  let size: Int
  /// What it does to images: nothing, `scaled`, `padded` or both.
  let changes: [String]
  /// The side of the box of source pixels that one value averages.
  private let box: Int
  /// The side of the square of values that one source pixel fills.
  private let repeats: Int
  private let top: Int
  private let left: Int

  /// - Parameter isHalf: whether the image is one of a pair side by side, which errors name.
  /// - Throws: ``DatasetError`` of kind `unsuitable` for an image that is larger than `size` by no whole
  ///   factor.
  init(height: Int, width: Int, isHalf: Bool = false, size: Int, path: FilePath) throws(DatasetError) {
    let sides = [height, width]
    guard let factor = WholeFactor(sides: sides, size: size) else {
      let nearest = WholeFactor.nearestSize(sides: sides, to: size)
      let images = isHalf ? "pairs of \(height) x \(2 * width)" : "images of \(height) x \(width)"
      throw DatasetError(
        .unsuitable,
        "\(images) do not fit size \(size): no whole number of pixels each way\(isHalf ? " of a half" : "")",
        path.description, "give dataset.resize=crop or pad, or size=\(nearest) if the recipe takes that")
    }
    (box, repeats) = (factor.box, factor.repeats)
    changes = factor.changes(sides: sides, size: size)
    sourceHeight = height
    sourceWidth = width
    self.size = size
    top = (size - factor.side(height)) / 2
    left = (size - factor.side(width)) / 2
  }

  /// Writes `size * size * channels` values in [-1, 1].
  /// - Parameters:
  ///   - source: `sourceHeight * sourceWidth * sourceChannels` bytes, HWC.
  ///   - sourceChannels: `channels`, or 1, which is repeated.
  func write(
    _ source: UnsafePointer<UInt8>, channels sourceChannels: Int, into result: UnsafeMutablePointer<Float>,
    channels: Int
  ) {
    precondition(
      sourceChannels == channels || sourceChannels == 1, "\(sourceChannels) channels as \(channels)")
    let halfRange = 127.5 * Float(box &* box)
    fill(into: result, channels: channels) { channel, y, x in
      let sum = boxSum(source + (sourceChannels == 1 ? 0 : channel), sourceChannels, y: y, x: x)
      return Float(sum) / halfRange - 1
    }
  }

  /// The same of values that are numbers in [-1, 1] already: their means.
  func write(
    _ source: UnsafePointer<Float>, channels sourceChannels: Int, into result: UnsafeMutablePointer<Float>,
    channels: Int
  ) {
    precondition(
      sourceChannels == channels || sourceChannels == 1, "\(sourceChannels) channels as \(channels)")
    let area = Float(box &* box)
    fill(into: result, channels: channels) { channel, y, x in
      var sum: Float = 0
      for row in y &* box..<(y &+ 1) &* box {
        for column in x &* box..<(x &+ 1) &* box {
          sum +=
            source[(row &* sourceWidth &+ column) &* sourceChannels &+ (sourceChannels == 1 ? 0 : channel)]
        }
      }
      return sum / area
    }
  }

  /// Writes the value of each source box to its square of the result, black around them.
  @inline(__always)
  private func fill(
    into result: UnsafeMutablePointer<Float>, channels: Int,
    _ boxValue: (_ channel: Int, _ y: Int, _ x: Int) -> Float
  ) {
    let rowStride = size &* channels
    result.update(repeating: -1, count: size &* rowStride)
    for y in 0..<sourceHeight / box {
      for x in 0..<sourceWidth / box {
        let corner = result + ((top &+ y &* repeats) &* rowStride &+ (left &+ x &* repeats) &* channels)
        for channel in 0..<channels {
          let value = boxValue(channel, y, x)
          for row in 0..<repeats {
            for column in 0..<repeats {
              corner[row &* rowStride &+ column &* channels &+ channel] = value
            }
          }
        }
      }
    }
  }

  private func boxSum(_ source: UnsafePointer<UInt8>, _ sourceChannels: Int, y: Int, x: Int) -> Int {
    var sum = 0
    for row in y &* box..<(y &+ 1) &* box {
      var pixel = source + (row &* sourceWidth &+ x &* box) &* sourceChannels
      for _ in 0..<box {
        sum &+= Int(pixel.pointee)
        pixel += sourceChannels
      }
    }
    return sum
  }
}
