/// A picture to draw on: rectangles, lines with round ends, text. Everything is computed with additions,
/// multiplications, divisions and square roots alone, which IEEE 754 fixes to the bit.
struct Canvas {
  /// A place in pixels: x to the right, y downwards, (0, 0) the upper left corner of the first pixel.
  struct Point {
    var x: Double
    var y: Double
  }

  /// An opaque colour in sRGB.
  struct Colour {
    let red: UInt8
    let green: UInt8
    let blue: UInt8

    /// From `0xRRGGBB`.
    init(_ hexadecimal: UInt32) {
      red = UInt8(truncatingIfNeeded: hexadecimal >> 16)
      green = UInt8(truncatingIfNeeded: hexadecimal >> 8)
      blue = UInt8(truncatingIfNeeded: hexadecimal)
    }
  }

  let width: Int
  let height: Int
  private var samples: [UInt8]

  init(width: Int, height: Int, background: Colour) {
    self.width = width
    self.height = height
    samples = [UInt8](unsafeUninitializedCapacity: width * height * 3) { buffer, count in
      for pixel in 0..<width * height {
        buffer[3 * pixel] = background.red
        buffer[3 * pixel + 1] = background.green
        buffer[3 * pixel + 2] = background.blue
      }
      count = width * height * 3
    }
  }

  var pixels: Pixels { Pixels(width: width, height: height, channels: 3, samples: samples) }

  /// Mixes `colour` into one pixel, `opacity` in 0...1.
  private mutating func blend(x: Int, y: Int, colour: Colour, opacity: Double) {
    let index = (y * width + x) * 3
    func mix(_ old: UInt8, _ new: UInt8) -> UInt8 {
      UInt8((Double(old) + (Double(new) - Double(old)) * opacity).rounded())
    }
    samples[index] = mix(samples[index], colour.red)
    samples[index + 1] = mix(samples[index + 1], colour.green)
    samples[index + 2] = mix(samples[index + 2], colour.blue)
  }

  /// Fills the pixels of a rectangle, cut off at the edge of the picture.
  mutating func fill(x: Range<Int>, y: Range<Int>, colour: Colour, opacity: Double = 1) {
    for row in y.clamped(to: 0..<height) {
      for column in x.clamped(to: 0..<width) { blend(x: column, y: row, colour: colour, opacity: opacity) }
    }
  }

  /// Draws `polylines` as one shape: where lines meet or cross, the colour is no denser. A line of one point
  /// is a dot.
  ///
  /// - Parameters:
  ///   - thickness: in pixels.
  ///   - clip: pixels outside stay as they are.
  mutating func stroke(
    _ polylines: [[Point]], thickness: Double, colour: Colour, opacity: Double = 1,
    clip: (x: Range<Int>, y: Range<Int>)? = nil
  ) {
    let columns = (clip?.x ?? 0..<width).clamped(to: 0..<width)
    let rows = (clip?.y ?? 0..<height).clamped(to: 0..<height)
    var mask = CoverageMask(around: polylines, margin: thickness / 2 + 1, columns: columns, rows: rows)
    for line in polylines {
      if line.count == 1 { mask.cover(from: line[0], to: line[0], radius: thickness / 2) }
      for (start, end) in zip(line, line.dropFirst()) {
        mask.cover(from: start, to: end, radius: thickness / 2)
      }
    }
    mask.forEach { x, y, coverage in blend(x: x, y: y, colour: colour, opacity: opacity * coverage) }
  }

  /// Where the anchor of a text lies on its base line.
  enum Alignment: Double {
    case left = 0
    case centre = 0.5
    case right = 1
  }

  /// Draws `text` with its base line at `anchor`.
  ///
  /// - Parameters:
  ///   - size: the height of a capital in pixels.
  ///   - weight: the thickness of the strokes, a capital being ``StrokeFont/capHeight`` high.
  mutating func draw(
    _ text: String, at anchor: Point, size: Double, colour: Colour, alignment: Alignment = .left,
    weight: Double = StrokeFont.weight
  ) {
    let unit = size / StrokeFont.capHeight
    var offset = -Self.width(of: text, size: size) * alignment.rawValue
    for character in text {
      let glyph = StrokeFont.glyph(character)
      let polylines = glyph.polylines.map { line in
        line.map { Point(x: anchor.x + offset + $0.x * unit, y: anchor.y - $0.y * unit) }
      }
      stroke(polylines, thickness: weight * unit, colour: colour)
      offset += (glyph.width + StrokeFont.spacing) * unit
    }
  }

  /// The width of `text` in pixels at a capital height of `size`.
  static func width(of text: String, size: Double) -> Double {
    StrokeFont.width(of: text) * size / StrokeFont.capHeight
  }
}
