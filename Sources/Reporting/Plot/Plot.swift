/// A line plot: panels one above the other over the same kind of x axis, each with named series and a legend.
///
/// Equal plots give equal pixels on every machine. Values that are NaN, infinite or beyond ±1e100 are gaps; a
/// series of one point is a dot; more points than pixel columns are thinned to the first, lowest, highest and
/// last of each column, so that no spike is lost.
public struct Plot: Equatable, Sendable {
  /// A value at a place on the x axis.
  public struct Point: Equatable, Sendable {
    /// The place, for a loss plot the step.
    public let x: Double
    /// The value.
    public let y: Double

    /// A value at a place.
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
    /// The extent of the y axis; nil for the extent of the values.
    public var range: ClosedRange<Double>?

    /// One pair of axes.
    public init(_ title: String, _ series: [Series], range: ClosedRange<Double>? = nil) {
      self.title = title
      self.series = series
      self.range = range
    }
  }

  /// What the whole picture shows.
  public var title: String
  /// What the x axis shows.
  public var xLabel: String
  /// Top to bottom.
  public var panels: [Panel]
  /// Draws series of 100 points or more lightly, and their moving mean (over a triangle of a 25th of the
  /// points) boldly; the picture says so.
  public var isSmoothed: Bool

  /// A plot of `panels`.
  /// - Precondition: there is a panel.
  public init(title: String, xLabel: String = "step", panels: [Panel], isSmoothed: Bool = true) {
    precondition(!panels.isEmpty, "a plot has a panel")
    self.title = title
    self.xLabel = xLabel
    self.panels = panels
    self.isSmoothed = isSmoothed
  }

  /// The picture.
  ///
  /// - Parameters:
  ///   - width: in points.
  ///   - panelHeight: the height of each pair of axes in points.
  ///   - scale: pixels per point; 1 for a small picture, 2 for print and dense screens.
  public func pixels(width: Int = 760, panelHeight: Int = 190, scale: Int = 2) -> Pixels {
    precondition(width >= 200 && panelHeight >= 40 && scale >= 1, "a plot of at least 200 x 40 points")
    var renderer = PlotRenderer(plot: self, width: width, panelHeight: panelHeight, scale: scale)
    return renderer.draw()
  }
}
