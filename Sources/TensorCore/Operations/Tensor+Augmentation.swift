/// Linear maps of images that differ from sample to sample. Each has its adjoint here, so gradients of any
/// order need no others. Rows are copied or scaled; no index is looked up for a pixel.

/// Where the pixels of an image go: mirrored left to right, then turned, then shifted.
public struct PixelPlacement: Hashable, Sendable {
  /// What stands where the shifted image does not reach.
  public enum Border: Hashable, Sendable {
    /// Zeros.
    case zero
    /// The image mirrored at its outermost pixels, which are not repeated.
    case mirrored
  }

  /// Whether left and right change places.
  public var isMirrored = false
  /// Turns by 90 degrees, counter-clockwise, 0 to 3.
  public var quarterTurns = 0
  /// Pixels by which the image moves down.
  public var down = 0
  /// Pixels by which it moves right.
  public var right = 0

  /// Every pixel stays where it is.
  public init() {}
}

/// What an image's values become: `own` times the value, plus `pixelMean` times the mean of the pixel's
/// channels, plus `imageMean` times the mean of the image, plus `offset`. The linear part is symmetric: it is
/// its own adjoint.
public struct ColourChange: Hashable, Sendable {
  /// The value's own share.
  public var own: Float = 1
  /// The share of the mean of the pixel's channels.
  public var pixelMean: Float = 0
  /// The share of the mean of all values of the image.
  public var imageMean: Float = 0
  /// What is added.
  public var offset: Float = 0

  /// Every value stays what it is.
  public init() {}

  /// The change without what is added.
  public var linear: ColourChange {
    var change = self
    change.offset = 0
    return change
  }
}

/// Pixels of an image.
public struct PixelBox: Hashable, Sendable {
  /// Rows from the top.
  public let rows: Range<Int>
  /// Columns from the left.
  public let columns: Range<Int>

  /// The pixels in both ranges.
  public init(rows: Range<Int>, columns: Range<Int>) {
    self.rows = rows
    self.columns = columns
  }

  /// No pixel.
  public static let none = PixelBox(rows: 0..<0, columns: 0..<0)
}

extension Tensor {
  /// Each image mirrored, turned and shifted.
  ///
  /// - Parameter placements: one an image.
  /// - Returns: the shape of this, `[N, H, W, C]`.
  /// - Precondition: images that are turned are square; shifts are shorter than the sides.
  public func placed(_ placements: [PixelPlacement], border: PixelPlacement.Border) -> Tensor {
    let frame = frame(placements.count)
    return Tensor(shape) { result in
      if border == .zero { result.update(repeating: 0, count: count) }
      withUnsafePointer { source in
        for (image, placement) in placements.enumerated() {
          let (to, from) = (result + image &* frame.count, source + image &* frame.count)
          frame.forEachRun(of: placement, border) { frame.copy(to, from, $0) }
        }
      }
    }
  }

  /// The adjoint of ``placed(_:border:)``: each value is added to that of the pixel it came from.
  public func unplaced(_ placements: [PixelPlacement], border: PixelPlacement.Border) -> Tensor {
    let frame = frame(placements.count)
    return Tensor(shape) { result in
      result.update(repeating: 0, count: count)
      withUnsafePointer { source in
        for (image, placement) in placements.enumerated() {
          let (to, from) = (result + image &* frame.count, source + image &* frame.count)
          frame.forEachRun(of: placement, border) { frame.add(to, from, $0) }
        }
      }
    }
  }

  /// Each image with its values changed.
  /// - Parameter changes: one an image.
  /// - Returns: the shape of this, `[N, …, C]`.
  public func recoloured(_ changes: [ColourChange]) -> Tensor {
    precondition(changes.count == shape[0], "one change an image of \(shape)")
    let (length, channels) = (count / Swift.max(changes.count, 1), shape.channels)
    return Tensor(shape) { result in
      withUnsafePointer { source in
        for (image, change) in changes.enumerated() {
          let (to, from) = (result + image &* length, source + image &* length)
          var added = change.offset
          if change.imageMean != 0 {
            var sum = 0.0
            for i in 0..<length { sum += Double(from[i]) }
            added += change.imageMean * Float(sum / Double(length))
          }
          // The mean of one channel is the value.
          if channels == 1 || change.pixelMean == 0 {
            let factor = channels == 1 ? change.own + change.pixelMean : change.own
            for i in 0..<length { to[i] = factor * from[i] + added }
            continue
          }
          let share = change.pixelMean / Float(channels)
          for pixel in stride(from: 0, to: length, by: channels) {
            var sum: Float = 0
            for channel in 0..<channels { sum += from[pixel &+ channel] }
            let common = share * sum + added
            for channel in 0..<channels {
              to[pixel &+ channel] = change.own * from[pixel &+ channel] + common
            }
          }
        }
      }
    }
  }

  /// Each image with zeros in a box; its own adjoint.
  /// - Parameter boxes: one an image, within its bounds.
  /// - Returns: the shape of this, `[N, H, W, C]`.
  public func erased(_ boxes: [PixelBox]) -> Tensor {
    let frame = frame(boxes.count)
    var result = copied()
    result.withUnsafeMutablePointer { values in
      for (image, box) in boxes.enumerated() {
        precondition(
          box.rows.lowerBound >= 0 && box.rows.upperBound <= frame.height && box.columns.lowerBound >= 0
            && box.columns.upperBound <= frame.width, "a box lies within its image")
        for row in box.rows {
          let start = image &* frame.count &+ (row &* frame.width &+ box.columns.lowerBound) &* frame.channels
          (values + start).update(repeating: 0, count: box.columns.count &* frame.channels)
        }
      }
    }
    return result
  }

  private func frame(_ images: Int) -> ImageFrame {
    precondition(shape.rank == 4 && shape[0] == images, "\(shape) is no \(images) images")
    return ImageFrame(height: shape[1], width: shape[2], channels: shape[3])
  }
}

/// The extents of an image, and how its rows are reached.
private struct ImageFrame {
  let height: Int
  let width: Int
  let channels: Int

  var count: Int { height &* width &* channels }

  /// Pixels side by side in the result, of which each comes from the one in the source that is `step` behind
  /// that of the one before.
  struct Run {
    /// Where the first is.
    let target: Int
    /// Where it comes from.
    let source: Int
    let step: Int
    let count: Int
  }

  /// Visits runs of pixels of the result; their places and steps are counted in elements.
  @inline(__always)
  func forEachRun(
    of placement: PixelPlacement, _ border: PixelPlacement.Border, _ body: (Run) -> Void
  ) {
    precondition(placement.quarterTurns % 2 == 0 || height == width, "only a square can be turned")
    // The element that a pixel of the unshifted result comes from is origin + y · down + x · right.
    var (origin, down, right) =
      switch placement.quarterTurns & 3 {
      case 0: (0, width &* channels, channels)
      case 1: ((width &- 1) &* channels, -channels, width &* channels)
      case 2: (count &- channels, -width &* channels, -channels)
      default: ((height &- 1) &* width &* channels, channels, -width &* channels)
      }
    if placement.isMirrored {
      // Columns of the source in reverse.
      let row = width &* channels
      func mirrored(_ offset: Int) -> Int { offset / row &* row &+ (row &- channels &- offset % row) }
      origin = mirrored(origin)
      if placement.quarterTurns % 2 == 0 { right = -right } else { down = -down }
    }
    let columns = Self.runs(width, placement.right, border)
    for rows in Self.runs(height, placement.down, border) {
      for row in 0..<rows.count {
        let start = origin &+ (rows.source &+ row &* rows.step) &* down
        for run in columns {
          body(
            Run(
              target: ((rows.target &+ row) &* width &+ run.target) &* channels,
              source: start &+ run.source &* right, step: run.step &* right, count: run.count))
        }
      }
    }
  }

  /// The same along one axis, counted in pixels.
  private static func runs(_ extent: Int, _ shift: Int, _ border: PixelPlacement.Border) -> [Run] {
    precondition(abs(shift) < extent, "a shift by \(shift) leaves nothing of \(extent) pixels")
    let inner = Run(
      target: max(shift, 0), source: max(-shift, 0), step: 1, count: extent &- abs(shift))
    guard border == .mirrored, shift != 0 else { return [inner] }
    return shift > 0
      ? [Run(target: 0, source: shift, step: -1, count: shift), inner]
      : [inner, Run(target: extent &+ shift, source: extent &- 2, step: -1, count: -shift)]
  }

  /// A run of the result becomes that of the source.
  @inline(__always)
  func copy(_ to: UnsafeMutablePointer<Float>, _ from: UnsafePointer<Float>, _ run: Run) {
    let (to, from) = (to + run.target, from + run.source)
    if run.step == channels { return to.update(from: from, count: run.count &* channels) }
    for pixel in 0..<run.count {
      for channel in 0..<channels { to[pixel &* channels &+ channel] = from[pixel &* run.step &+ channel] }
    }
  }

  /// The adjoint: a run of the result is added to that of the source.
  @inline(__always)
  func add(_ to: UnsafeMutablePointer<Float>, _ from: UnsafePointer<Float>, _ run: Run) {
    let (to, from) = (to + run.source, from + run.target)
    if run.step == channels {
      for i in 0..<run.count &* channels { to[i] += from[i] }
      return
    }
    for pixel in 0..<run.count {
      for channel in 0..<channels { to[pixel &* run.step &+ channel] += from[pixel &* channels &+ channel] }
    }
  }
}
