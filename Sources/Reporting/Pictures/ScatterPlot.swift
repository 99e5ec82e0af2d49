public import TensorCore

/// Points of the plane as a square picture: samples over the outlines of where they should be, with the axes'
/// numbers at its lower and its left edge.
///
/// Equal points give equal pixels on every machine. Points that fall together are darker: opacities add up.
public struct ScatterPlot: Sendable {
  /// A circle to draw below the samples.
  public struct Circle: Equatable, Sendable {
    /// In the points' units.
    public let x: Double
    /// In the points' units.
    public let y: Double
    /// In the points' units.
    public let radius: Double

    /// A circle.
    public init(x: Double, y: Double, radius: Double) {
      self.x = x
      self.y = y
      self.radius = radius
    }
  }

  /// What is drawn below the samples.
  public let circles: [Circle]
  /// The extent of both axes is -extent...extent.
  public let extent: Double

  /// - Precondition: `extent` is positive.
  public init(circles: [Circle], extent: Double) {
    precondition(extent > 0, "a plane has an extent")
    self.circles = circles
    self.extent = extent
  }

  private static let background = Canvas.Colour(0xFFFFFF)
  private static let grid = Canvas.Colour(0xE4E4E4)
  private static let outline = Canvas.Colour(0xD62728)
  private static let sample = Canvas.Colour(0x1F4E9C)
  private static let number = Canvas.Colour(0x767676)
  /// Pixels.
  private static let numberSize = 12.0

  /// The picture of `points`, `[N, …, 2]`. Points that are not finite or lie outside are left out.
  /// - Parameter side: pixels, of both sides.
  public func pixels(of points: Tensor, side: Int = 640) -> Pixels {
    precondition(points.shape.channels == 2, "points of the plane are [N, …, 2], not \(points.shape)")
    var canvas = Canvas(width: side, height: side, background: Self.background)
    func place(_ x: Double, _ y: Double) -> Canvas.Point {
      let unit = Double(side) / (2 * extent)
      return Canvas.Point(x: (x + extent) * unit, y: (extent - y) * unit)
    }
    for line in [[place(-extent, 0), place(extent, 0)], [place(0, -extent), place(0, extent)]] {
      canvas.stroke([line], thickness: 1, colour: Self.grid)
    }
    let ticks = AxisTicks(in: -extent...extent, about: max(4, side / 100))
    for (value, label) in zip(ticks.values, ticks.labels) {
      let (below, beside) = (place(value, -extent), place(-extent, value))
      // None at the corners, where it would be cut off.
      guard 2 * Self.numberSize...Double(side) - 2 * Self.numberSize ~= below.x else { continue }
      canvas.draw(
        label, at: .init(x: below.x, y: below.y - 5), size: Self.numberSize, colour: Self.number,
        alignment: .centre)
      canvas.draw(
        label, at: .init(x: beside.x + 5, y: beside.y + Self.numberSize / 3), size: Self.numberSize,
        colour: Self.number)
    }
    for circle in circles {
      canvas.stroke(
        [Self.polygon.map { place(circle.x + circle.radius * $0.x, circle.y + circle.radius * $0.y) }],
        thickness: 1.5, colour: Self.outline)
    }
    points.withUnsafeBufferPointer { values in
      for index in stride(from: 0, to: values.count, by: 2) {
        let (x, y) = (Double(values[index]), Double(values[index + 1]))
        guard abs(x) <= extent, abs(y) <= extent else { continue }
        canvas.stroke([[place(x, y)]], thickness: 3, colour: Self.sample, opacity: 0.35)
      }
    }
    return canvas.pixels
  }

  /// A closed polygon on the unit circle, by the rational parametrisation of its quarters.
  private static let polygon: [Canvas.Point] = {
    let quarter = (0..<8).map { step in
      let t = Double(step) / 8
      return Canvas.Point(x: (1 - t * t) / (1 + t * t), y: 2 * t / (1 + t * t))
    }
    var points: [Canvas.Point] = quarter
    for _ in 0..<3 { points += points.suffix(8).map { Canvas.Point(x: -$0.y, y: $0.x) } }
    return points + [quarter[0]]
  }()
}
