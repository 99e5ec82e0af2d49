/// How much of each pixel in a rectangle a set of line segments covers, 0...1: the distance of the pixel's
/// centre to the nearest segment decides.
struct CoverageMask {
  private let columns: Range<Int>
  private let rows: Range<Int>
  private var coverage: [Float]

  /// An empty mask for the part of `columns` x `rows` that lies within `margin` of `polylines`.
  init(around polylines: [[Canvas.Point]], margin: Double, columns: Range<Int>, rows: Range<Int>) {
    var (left, right, top, bottom) = (Double.infinity, -Double.infinity, Double.infinity, -Double.infinity)
    for line in polylines {
      for point in line {
        (left, right) = (min(left, point.x), max(right, point.x))
        (top, bottom) = (min(top, point.y), max(bottom, point.y))
      }
    }
    self.columns = Self.pixels(from: left - margin, to: right + margin, within: columns)
    self.rows = Self.pixels(from: top - margin, to: bottom + margin, within: rows)
    coverage = [Float](repeating: 0, count: self.columns.count * self.rows.count)
  }

  /// The pixels of `range` that a stretch touches; places far outside and an empty stretch are cut off.
  private static func pixels(from low: Double, to high: Double, within range: Range<Int>) -> Range<Int> {
    guard low <= high else { return range.lowerBound..<range.lowerBound }
    let (first, end) = (Double(range.lowerBound), Double(range.upperBound))
    let lower = min(max(low.rounded(.down), first), end)
    let upper = min(max(high.rounded(.up), lower), end)
    return Int(lower)..<Int(upper)
  }

  /// Adds the points within `radius` of the segment, with an edge one pixel wide.
  mutating func cover(from start: Canvas.Point, to end: Canvas.Point, radius: Double) {
    let margin = radius + 1
    let (x, y) = (end.x - start.x, end.y - start.y)
    let squaredLength = x * x + y * y
    let xs = Self.pixels(
      from: min(start.x, end.x) - margin, to: max(start.x, end.x) + margin, within: columns)
    for row in Self.pixels(from: min(start.y, end.y) - margin, to: max(start.y, end.y) + margin, within: rows)
    {
      for column in xs {
        let (px, py) = (Double(column) + 0.5 - start.x, Double(row) + 0.5 - start.y)
        let along = squaredLength > 0 ? min(1, max(0, (px * x + py * y) / squaredLength)) : 0
        let (dx, dy) = (px - along * x, py - along * y)
        let covered = min(1, max(0, radius + 0.5 - (dx * dx + dy * dy).squareRoot()))
        let index = (row - rows.lowerBound) * columns.count + column - columns.lowerBound
        coverage[index] = max(coverage[index], Float(covered))
      }
    }
  }

  /// Visits the covered pixels, row by row.
  func forEach(_ visit: (_ x: Int, _ y: Int, _ coverage: Double) -> Void) {
    var index = 0
    for y in rows {
      for x in columns {
        if coverage[index] > 0 { visit(x, y, Double(coverage[index])) }
        index += 1
      }
    }
  }
}
