/// The mapping from values to pixels of one panel.
struct PlotAxes {
  /// Values at the edges.
  let x: ClosedRange<Double>
  /// Values at the edges.
  let y: ClosedRange<Double>
  /// Pixels.
  let left: Int
  /// Pixels.
  let right: Int
  /// Pixels.
  let top: Int
  /// Pixels.
  let bottom: Int

  /// Where a value is drawn.
  func place(_ point: Plot.Point) -> Canvas.Point {
    .init(x: column(of: point.x), y: row(of: point.y))
  }

  /// Where a place on the x axis is drawn.
  func column(of value: Double) -> Double {
    Double(left) + Double(right - left) * ((value - x.lowerBound) / (x.upperBound - x.lowerBound))
  }

  /// Where a value on the y axis is drawn.
  func row(of value: Double) -> Double {
    Double(bottom) - Double(bottom - top) * ((value - y.lowerBound) / (y.upperBound - y.lowerBound))
  }

  /// The range of `values` with `margin` of its extent on both sides; room around a single value, but none
  /// below 0 for one that is not, as it may be a share; 0...1 for none.
  static func range(of values: some Sequence<Double>, margin: Double) -> ClosedRange<Double> {
    var (low, high) = (Double.infinity, -Double.infinity)
    for value in values { (low, high) = (min(low, value), max(high, value)) }
    guard low <= high else { return 0...1 }
    // Below a millionth of the values themselves a difference could not be read off the labels.
    let least = max(abs(low), abs(high)) * 1e-6
    guard high - low > least else {
      let room = max(abs(low) / 10, 1e-3)
      return (low < 0 ? low - room : max(0, low - room))...high + room
    }
    return low - (high - low) * margin...high + (high - low) * margin
  }
}
