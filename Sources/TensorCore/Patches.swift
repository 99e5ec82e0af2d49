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

  /// Copies the columns `depths` of some rows to `destination`, `stride` floats from row to row.
  func pack(
    _ activation: UnsafePointer<Float>, rows: Range<Int>, depths: Range<Int>,
    to destination: UnsafeMutablePointer<Float>, stride: Int
  ) {
    let run = run
    let segments = segments(depths)
    segments.withUnsafeBufferPointer { segments in
      let first = segments.baseAddress.unsafelyUnwrapped
      let end = first + segments.count
      forEachRow(rows) { row, image, z, y, x in
        var target = destination + (row &- rows.lowerBound) &* stride
        // The part of a run that lies within the source.
        let low = x >= 0 ? 0 : min(0 &- x, taps.x) &* channels
        let high = max(min(source.x &- x, taps.x), 0) &* channels
        var segment = first
        while segment < end {
          let s = segment.pointee
          segment += 1
          let count = s.upper &- s.lower
          let sz = z &+ s.z
          let sy = y &+ s.y
          let from = max(s.lower, low)
          let to = min(s.upper, high)
          if UInt(bitPattern: sz) < UInt(bitPattern: source.z),
            UInt(bitPattern: sy) < UInt(bitPattern: source.y), from < to
          {
            let line = ((image &* source.z &+ sz) &* source.y &+ sy) &* source.x &+ x
            clear(target, from &- s.lower)
            copyFloats(activation + (line &* channels &+ from), to: target + (from &- s.lower), to &- from)
            clear(target + (to &- s.lower), s.upper &- to)
          } else {
            clear(target, count)
          }
          target += count
        }
      }
    }
    assert(run > 0)
  }

  /// The part of a kernel row that falls into a range of depths.
  private struct Segment {
    let z: Int
    let y: Int
    let lower: Int
    let upper: Int
  }

  private func segments(_ depths: Range<Int>) -> [Segment] {
    var segments: [Segment] = []
    var depth = depths.lowerBound
    while depth < depths.upperBound {
      let line = depth / run
      let lower = depth % run
      let upper = min(run, lower + depths.upperBound - depth)
      segments.append(Segment(z: line / taps.y, y: line % taps.y, lower: lower, upper: upper))
      depth += upper - lower
    }
    return segments
  }
}

/// Copies floats between blocks that do not overlap.
@inline(__always)
func copyFloats(_ source: UnsafePointer<Float>, to destination: UnsafeMutablePointer<Float>, _ count: Int) {
  var from = UnsafeRawPointer(source)
  var to = UnsafeMutableRawPointer(destination)
  var remaining = count
  while remaining >= 16 {
    let low = from.loadUnaligned(as: SIMD8<Float>.self)
    let high = from.loadUnaligned(fromByteOffset: 32, as: SIMD8<Float>.self)
    to.storeBytes(of: low, as: SIMD8<Float>.self)
    to.storeBytes(of: high, toByteOffset: 32, as: SIMD8<Float>.self)
    from += 64
    to += 64
    remaining &-= 16
  }
  while remaining >= 4 {
    to.storeBytes(of: from.loadUnaligned(as: SIMD4<Float>.self), as: SIMD4<Float>.self)
    from += 16
    to += 16
    remaining &-= 4
  }
  while remaining > 0 {
    to.storeBytes(of: from.loadUnaligned(as: Float.self), as: Float.self)
    from += 4
    to += 4
    remaining &-= 1
  }
}

@inline(__always)
func clear(_ destination: UnsafeMutablePointer<Float>, _ count: Int) {
  var to = UnsafeMutableRawPointer(destination)
  var remaining = count
  while remaining >= 8 {
    to.storeBytes(of: .zero, as: SIMD8<Float>.self)
    to += 32
    remaining &-= 8
  }
  while remaining > 0 {
    to.storeBytes(of: 0, as: Float.self)
    to += 4
    remaining &-= 1
  }
}
