/// Draws a vessel: orthographic, seen slightly from above, lit from the upper left.
///
/// Every row of pixels is cut into four scan lines. On each the vessel is a few intervals (mouth within lip
/// within body, handles outside) whose overlap with a pixel is exact, so edges are smooth; colours are found
/// once per pixel.
struct VesselRenderer {
  private static let scanLines = 4

  private let vessel: Vessel
  private let size: Int
  private let lighting: VesselLighting
  /// Half the body's width on each scan line from the bottom of the frame, 0 where there is none.
  private let halfWidths: [Float]

  init(_ vessel: Vessel, size: Int) {
    self.vessel = vessel
    self.size = size
    lighting = VesselLighting(vessel, pixel: 1 / Float(size))
    halfWidths = Self.silhouette(vessel, lines: size * Self.scanLines)
  }

  /// Writes `size * size * channels` values in [-1, 1], rows from the top.
  func draw(into result: UnsafeMutablePointer<Float>, channels: Int) {
    let isColour = channels == 3
    let background = isColour ? VesselFinish.background : SIMD3(repeating: 0)
    var row = RowCoverage(size: size)
    for y in 0..<size {
      row.clear()
      for line in 0..<Self.scanLines {
        cover(&row, line: (size - 1 - y) * Self.scanLines + line)
      }
      let pixels = result + y * size * channels
      for x in 0..<size { Self.write(background, to: pixels + x &* channels, isColour: isColour) }
      let centre = (Float(size - 1 - y) + 0.5) / Float(size) - vessel.y
      for x in row.touched {
        let column = (Float(x) + 0.5) / Float(size) - vessel.x
        let colour = shade(row, x, column: column, y: centre, background, isColour: isColour)
        Self.write(colour, to: pixels + x &* channels, isColour: isColour)
      }
    }
  }

  /// From [0, 1] to [-1, 1].
  private static func write(_ colour: SIMD3<Float>, to pixel: UnsafeMutablePointer<Float>, isColour: Bool) {
    pixel[0] = 2 * colour.x - 1
    guard isColour else { return }
    pixel[1] = 2 * colour.y - 1
    pixel[2] = 2 * colour.z - 1
  }

  private func shade(
    _ row: borrowing RowCoverage, _ x: Int, column: Float, y: Float, _ background: SIMD3<Float>,
    isColour: Bool
  ) -> SIMD3<Float> {
    let (inside, lip, body, handle) = (row[.inside, x], row[.lip, x], row[.body, x], row[.handle, x])
    var colour = background * max(0, 1 - inside - lip - body - handle)
    if body > 0 { colour += body * lighting.body(x: column, y: y, isColour: isColour) }
    if lip > 0 { colour += lip * lighting.lip(x: column, isColour: isColour) }
    if inside > 0 { colour += inside * lighting.inside(x: column, y: y, isColour: isColour) }
    if handle > 0 { colour += handle * lighting.handle(x: column, y: y, isColour: isColour) }
    return colour.clamped(lowerBound: SIMD3(repeating: 0), upperBound: SIMD3(repeating: 1))
  }

  /// Adds what one scan line sees.
  private func cover(_ row: inout RowCoverage, line: Int) {
    let scale = Float(size)
    let weight = 1 / Float(Self.scanLines)
    let y = (Float(line) + 0.5) / Float(size * Self.scanLines) - vessel.y
    let body = halfWidths[line]
    let rim = vessel.profile.radii[VesselProfile.steps]
    let lip = Self.chord(rim, rim * vessel.tilt, at: y - vessel.profile.height)
    // A lip is round, so it seems thicker at the front and back than a flat ring would.
    let flat = rim * vessel.tilt
    let inside = Self.chord(
      rim - lighting.lipWidth, max(0.4 * flat, flat - lighting.lipWidth / 2), at: y - vessel.profile.height)
    func add(_ layer: RowCoverage.Layer, _ from: Float, _ to: Float) {
      row.add(layer, from: (vessel.x + from) * scale, to: (vessel.x + to) * scale, weight: weight)
    }
    if inside > 0 { add(.inside, -inside, inside) }
    if lip > inside {
      add(.lip, -lip, -inside)
      add(.lip, inside, lip)
    }
    if body > lip {
      add(.body, -body, -lip)
      add(.body, lip, body)
    }
    for loop in vessel.loops {
      let (a, b, t) = (loop.semiAxisX, loop.semiAxisY, loop.halfThickness)
      let outer = Self.chord(a + t, b + t, at: y - loop.y)
      guard outer > 0 else { continue }
      let start = max(body, loop.x + Self.chord(a - t, b - t, at: y - loop.y))
      let end = loop.x + outer
      guard end > start else { continue }
      if loop.side > 0 { add(.handle, start, end) } else { add(.handle, -end, -start) }
    }
  }

  /// Half the chord of an ellipse at `y` from its centre; 0 outside.
  private static func chord(_ semiAxisX: Float, _ semiAxisY: Float, at y: Float) -> Float {
    let ratio = y / semiAxisY
    let square = 1 - ratio * ratio
    return square > 0 ? semiAxisX * square.squareRoot() : 0
  }

  /// The outline is the union of the ellipses as which the body's circles appear.
  private static func silhouette(_ vessel: Vessel, lines: Int) -> [Float] {
    var squares = [Float](repeating: 0, count: lines)
    let inverseTilt = 1 / vessel.tilt
    squares.withUnsafeMutableBufferPointer { squares in
      for step in 0...VesselProfile.steps {
        let radius = vessel.profile.radii[step]
        let y = vessel.y + vessel.profile.height * Float(step) / Float(VesselProfile.steps)
        let first = max(0, Int((y - radius * vessel.tilt) * Float(lines)))
        let last = min(lines - 1, Int((y + radius * vessel.tilt) * Float(lines)))
        guard first <= last else { continue }
        for line in first...last {
          let offset = ((Float(line) + 0.5) / Float(lines) - y) * inverseTilt
          squares[line] = max(squares[line], radius * radius - offset * offset)
        }
      }
    }
    return squares.map { $0.squareRoot() }
  }
}
