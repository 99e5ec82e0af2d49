/// Lockstep's own small typeface: each glyph is a few strokes on a grid (capitals 7 high, `x` 5, descenders
/// to -2), so that text is smooth at any size. ASCII, the accented letters of Spanish, and a few signs.
enum StrokeFont {
  /// The lines of a glyph and its width on the grid.
  struct Glyph {
    var polylines: [[Canvas.Point]]
    var width: Double
  }

  /// Height of a capital.
  static let capHeight = 7.0
  /// Space between the ink of two letters.
  static let spacing = 1.7
  /// Thickness of a stroke.
  static let weight = 0.95

  /// The glyph of `character`; a box if the typeface has none.
  static func glyph(_ character: Character) -> Glyph {
    glyphs[character] ?? box
  }

  /// The width of `text` on the grid, side bearings left out.
  static func width(of text: String) -> Double {
    text.isEmpty ? 0 : text.reduce(-spacing) { $0 + glyph($1).width + spacing }
  }

  private static let box = glyph(width: 4, path: "M0 0L4 0L4 7L0 7Z")

  private static let glyphs: [Character: Glyph] = {
    var glyphs: [Character: Glyph] = [:]
    for (character, width, path) in strokes { glyphs[character] = glyph(width: width, path: path) }
    for (character, base, mark) in compositions {
      guard let letter = glyphs[base], let path = marks[mark] else {
        preconditionFailure("no part of \(character)")
      }
      let lift = base.isUppercase ? 2.2 : 0
      let accent = glyph(width: 0, path: path).polylines.map { line in
        line.map { Canvas.Point(x: $0.x + letter.width / 2, y: $0.y + lift) }
      }
      glyphs[character] = Glyph(polylines: letter.polylines + accent, width: letter.width)
    }
    return glyphs
  }()

  /// Reads a path: `M x y` begins a line, `L x y` goes straight, `Q cx cy x y` along a quadratic Bézier
  /// curve, `Z` back to the beginning.
  private static func glyph(width: Double, path: String) -> Glyph {
    var polylines: [[Canvas.Point]] = []
    var rest = path[...]
    while let command = rest.popFirst() {
      let end = rest.firstIndex { $0.isLetter } ?? rest.endIndex
      let numbers = rest[..<end].split(separator: " ").compactMap { Double($0) }
      rest = rest[end...]
      switch (command, numbers.count) {
      case ("M", 2): polylines.append([.init(x: numbers[0], y: numbers[1])])
      case ("L", 2): polylines[polylines.count - 1].append(.init(x: numbers[0], y: numbers[1]))
      case ("Q", 4):
        let start = polylines[polylines.count - 1].last!
        let control = Canvas.Point(x: numbers[0], y: numbers[1])
        let end = Canvas.Point(x: numbers[2], y: numbers[3])
        polylines[polylines.count - 1] += curve(from: start, by: control, to: end)
      case ("Z", 0): polylines[polylines.count - 1].append(polylines[polylines.count - 1][0])
      default: preconditionFailure("no stroke: \(command) in \(path)")
      }
    }
    return Glyph(polylines: polylines, width: width)
  }

  private static func curve(
    from start: Canvas.Point, by control: Canvas.Point, to end: Canvas.Point
  ) -> [Canvas.Point] {
    let pieces = 8
    return (1...pieces).map { piece in
      let t = Double(piece) / Double(pieces)
      let (a, b, c) = ((1 - t) * (1 - t), 2 * t * (1 - t), t * t)
      return .init(
        x: a * start.x + b * control.x + c * end.x, y: a * start.y + b * control.y + c * end.y)
    }
  }
}
