/// The left matrix A of a convolution written as a matrix product, without its ever being stored: row
/// (image, z, y, x) holds the `taps` source pixels from `origin + step · (z, y, x)` on along each axis, all
/// channels of each, and zeros outside of the source.
struct Patches {
  let images: Int
  /// The extents and channels of the source, an activation `[images, source, channels]`.
  let source: Triple
  let channels: Int
  let taps: Triple
  let step: Triple
  let origin: Triple
  /// Rows per image, along each axis.
  let grid: Triple

  var rows: Int { images * grid.product }
  /// Columns of A: taps in row-major order, channels innermost.
  var depth: Int { taps.product * channels }
  /// Columns that lie side by side in the source: the taps of the innermost axis.
  var run: Int { taps.x * channels }

  /// Calls `body` for every row of `rows` with the image and the source position of its first tap.
  @inline(__always)
  func forEachRow(
    _ rows: Range<Int>, _ body: (_ row: Int, _ image: Int, _ z: Int, _ y: Int, _ x: Int) -> Void
  ) {
    guard !rows.isEmpty else { return }
    var rest = rows.lowerBound
    var gx = rest % grid.x
    rest /= grid.x
    var gy = rest % grid.y
    rest /= grid.y
    var gz = rest % grid.z
    var image = rest / grid.z
    var row = rows.lowerBound
    while row < rows.upperBound {
      body(
        row, image, gz &* step.z &+ origin.z, gy &* step.y &+ origin.y, gx &* step.x &+ origin.x)
      row &+= 1
      gx &+= 1
      if gx == grid.x {
        gx = 0
        gy &+= 1
        if gy == grid.y {
          gy = 0
          gz &+= 1
          if gz == grid.z {
            gz = 0
            image &+= 1
          }
        }
      }
    }
  }

  /// The same rows, with their own place in the grid for the source position.
  var gridRows: Patches {
    Patches(
      images: images, source: source, channels: channels, taps: taps, step: .one, origin: .zero, grid: grid)
  }

  /// Copies the columns `depths` of some rows to `destination`, `stride` floats from row to row.
  func pack(
    _ activation: UnsafePointer<Float>, rows: Range<Int>, depths: Range<Int>,
    to destination: UnsafeMutablePointer<Float>, stride: Int
  ) {
    segments(depths).withUnsafeBufferPointer { segments in
      let first = segments.baseAddress.unsafelyUnwrapped
      let end = first + segments.count
      var start = destination
      forEachRow(rows) { _, image, z, y, x in
        var target = start
        start += stride
        // The part of a run that lies within the source.
        let low = x >= 0 ? 0 : min(0 &- x, taps.x) &* channels
        let high = max(min(source.x &- x, taps.x), 0) &* channels
        let corner = activation + (((image &* source.z &+ z) &* source.y &+ y) &* source.x &+ x) &* channels
        var segment = first
        while segment < end {
          let s = segment.pointee
          segment += 1
          if UInt(bitPattern: z &+ s.z) >= UInt(bitPattern: source.z)
            || UInt(bitPattern: y &+ s.y) >= UInt(bitPattern: source.y)
          {
            clear(target, s.upper &- s.lower)
          } else if low <= s.lower, s.upper <= high {
            copyFloats(corner + s.offset, to: target, s.upper &- s.lower)
          } else {
            let from = min(max(low, s.lower), s.upper)
            let to = max(min(s.upper, high), from)
            clear(target, from &- s.lower)
            copyFloats(corner + (s.offset &+ from &- s.lower), to: target + (from &- s.lower), to &- from)
            clear(target + (to &- s.lower), s.upper &- to)
          }
          target += s.upper &- s.lower
        }
      }
    }
  }

  /// The part of a kernel row that falls into a range of depths.
  private struct Segment {
    let z: Int
    let y: Int
    let lower: Int
    let upper: Int
    /// Floats from a row's first tap to the segment in the source.
    let offset: Int
  }

  private func segments(_ depths: Range<Int>) -> [Segment] {
    var segments: [Segment] = []
    var depth = depths.lowerBound
    while depth < depths.upperBound {
      let line = depth / run
      let lower = depth % run
      let upper = min(run, lower + depths.upperBound - depth)
      let (z, y) = (line / taps.y, line % taps.y)
      segments.append(
        Segment(
          z: z, y: y, lower: lower, upper: upper,
          offset: (z * source.y + y) * source.x * channels + lower))
      depth += upper - lower
    }
    return segments
  }
}
