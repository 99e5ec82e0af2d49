/// A line plot: panels one above the other over steps, each with named series and a legend.
///
/// Equal plots give equal pixels on every machine. Values that are NaN, infinite or beyond ±1e100 are gaps; a
/// series of one point is a dot; more points than pixel columns are thinned to the first, lowest, highest and
/// last of each column, so that no spike is lost.
public struct Plot: Equatable, Sendable {
  /// A value at a step.
  public struct Point: Equatable, Sendable {
    /// The step.
    public let x: Double
    /// The value.
    public let y: Double

    /// A value at a step.
    public init(x: Double, y: Double) {
      self.x = x
      self.y = y
    }

    var isDrawable: Bool { abs(x) <= 1e100 && abs(y) <= 1e100 }
  }

  /// A named line.
  public struct Series: Equatable, Sendable {
    /// What the legend calls it.
    public var name: String
    /// In the order in which the line joins them.
    public var points: [Point]

    /// A named line.
    public init(_ name: String, _ points: [Point]) {
      self.name = name
      self.points = points
    }
  }

  /// One pair of axes.
  public struct Panel: Equatable, Sendable {
    /// What the y axis shows; stands above it.
    public var title: String
    /// The lines; the first seven have colours of their own.
    public var series: [Series]

    /// One pair of axes.
    public init(_ title: String, _ series: [Series]) {
      self.title = title
      self.series = series
    }
  }

  /// What the whole picture shows.
  public var title: String
  /// Top to bottom.
  public var panels: [Panel]

  /// A plot of `panels`.
  /// - Precondition: there is a panel.
  public init(title: String, panels: [Panel]) {
    precondition(!panels.isEmpty, "a plot has a panel")
    self.title = title
    self.panels = panels
  }

  /// The picture, 760 points wide. Series of 100 points or more are drawn lightly, and their moving mean
  /// (over a triangle of a 25th of the points) boldly; the picture says so.
  ///
  /// - Parameter scale: pixels per point; 1 for a small picture, 2 for print and dense screens.
  public func pixels(scale: Int = 2) -> Pixels {
    precondition(scale >= 1, "a point has pixels")
    var renderer = PlotRenderer(plot: self, scale: scale)
    return renderer.draw()
  }
}
