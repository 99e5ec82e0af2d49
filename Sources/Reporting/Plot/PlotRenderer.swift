/// Lays a ``Plot`` out and draws it. Lengths are in points; ``scale`` pixels make a point.
struct PlotRenderer {
  private let plot: Plot
  private let scale: Int
  private var canvas: Canvas

  private static let (width, panelHeight) = (760, 190)
  private static let (left, right, top, bottom) = (54, 18, 14, 30)
  private static let titleHeight = 26
  private static let legendRow = 18
  private static let tickRow = 20
  private static let panelGap = 12
  private static let textSize = 8.0

  private static let ink = Canvas.Colour(0x2B2B2B)
  private static let faintInk = Canvas.Colour(0x6B6B6B)
  private static let gridColour = Canvas.Colour(0xE8E8E8)
  private static let axisColour = Canvas.Colour(0x9A9A9A)

  /// Okabe and Ito's colours, told apart with every kind of colour vision: blue, vermilion, green, orange,
  /// sky blue, purple, black.
  private static let palette = [0x0072B2, 0xD55E00, 0x009E73, 0xE69F00, 0x56B4E9, 0xCC79A7, 0x000000].map {
    Canvas.Colour($0)
  }

  init(plot: Plot, scale: Int) {
    self.plot = plot
    self.scale = scale
    var height = Self.top + Self.titleHeight + Self.bottom - Self.panelGap
    for panel in plot.panels {
      let rows = Self.legendRows(of: panel).count
      height += rows * Self.legendRow + Self.panelHeight + Self.tickRow + Self.panelGap
    }
    canvas = Canvas(width: Self.width * scale, height: height * scale, background: .init(0xFFFFFF))
  }

  mutating func draw() -> Pixels {
    text(plot.title, x: Self.left, y: Self.top + 12, size: 10, colour: Self.ink, weight: 1.2)
    var y = Self.top + Self.titleHeight
    for panel in plot.panels { y = draw(panel, from: y) }
    let baseline = y - Self.panelGap + 14
    text(
      "step", x: (Self.left + Self.width - Self.right) / 2, y: baseline, colour: Self.ink, alignment: .centre)
    if plot.panels.contains(where: { $0.series.contains(where: isSmoothed) }) {
      text(
        "light: every value, dark: moving mean", x: Self.width - Self.right, y: Self.top + 12,
        colour: Self.faintInk, alignment: .right)
    }
    return canvas.pixels
  }

  /// Draws a panel below `y` and returns where the next one begins.
  private mutating func draw(_ panel: Plot.Panel, from y: Int) -> Int {
    let rows = Self.legendRows(of: panel)
    text(panel.title, x: Self.left, y: y + 9, colour: Self.ink, weight: 1.15)
    drawLegend(rows, from: y)

    let top = y + rows.count * Self.legendRow
    let values = panel.series.flatMap { $0.points.filter(\.isDrawable) }
    let axes = PlotAxes(
      x: PlotAxes.range(
        of: plot.panels.lazy.flatMap(\.series).flatMap(\.points).filter(\.isDrawable).map(\.x), margin: 0),
      y: PlotAxes.range(of: values.lazy.map(\.y), margin: 0.05),
      left: Self.left * scale, right: (Self.width - Self.right) * scale,
      top: top * scale, bottom: (top + Self.panelHeight) * scale)
    drawAxes(axes, areCounts: areCounts(values.map(\.y)))
    for (index, series) in panel.series.enumerated() {
      draw(series, colour: Self.palette[index % Self.palette.count], axes: axes)
    }
    if values.isEmpty {
      text(
        "no finite values", x: (Self.left + Self.width - Self.right) / 2, y: top + Self.panelHeight / 2,
        colour: Self.faintInk, alignment: .centre)
    }
    return top + Self.panelHeight + Self.tickRow + Self.panelGap
  }

  /// Whether values are whole, and more than the 0 and 1 of a share.
  private func areCounts(_ values: [Double]) -> Bool {
    values.contains { abs($0) >= 2 } && values.allSatisfy { $0 == $0.rounded() }
  }

  private mutating func drawAxes(_ axes: PlotAxes, areCounts: Bool) {
    let (columns, rows) = (axes.left..<axes.right, axes.top..<axes.bottom)
    let yTicks = AxisTicks(in: axes.y, about: Self.panelHeight / 36, integersOnly: areCounts)
    for (value, label) in zip(yTicks.values, yTicks.labels) {
      let row = Int(axes.row(of: value).rounded())
      canvas.fill(x: columns, y: row..<row + scale, colour: Self.gridColour)
      text(label, x: Self.left - 7, pixelY: Double(row) + 4 * Double(scale), alignment: .right)
    }
    let xTicks = AxisTicks(in: axes.x, about: Self.width / 90, integersOnly: true)
    for (value, label) in zip(xTicks.values, xTicks.labels) {
      let column = Int(axes.column(of: value).rounded())
      canvas.fill(x: column..<column + scale, y: rows, colour: Self.gridColour)
      canvas.fill(
        x: column..<column + scale, y: axes.bottom..<axes.bottom + 4 * scale, colour: Self.axisColour)
      canvas.draw(
        label, at: .init(x: Double(column) + Double(scale) / 2, y: Double(axes.bottom + 16 * scale)),
        size: Self.textSize * Double(scale), colour: Self.faintInk, alignment: .centre)
    }
    canvas.fill(x: columns, y: axes.bottom..<axes.bottom + scale, colour: Self.axisColour)
    canvas.fill(x: axes.left..<axes.left + scale, y: axes.top..<axes.bottom + scale, colour: Self.axisColour)
  }

  private func isSmoothed(_ series: Plot.Series) -> Bool {
    series.points.count >= SeriesShape.smoothingThreshold
  }

  private mutating func draw(_ series: Plot.Series, colour: Canvas.Colour, axes: PlotAxes) {
    let bold = 1.6 * Double(scale)
    guard isSmoothed(series) else {
      return draw(series.points, colour: colour, thickness: bold, opacity: 1, axes: axes)
    }
    draw(series.points, colour: colour, thickness: Double(scale), opacity: 0.28, axes: axes)
    draw(SeriesShape.smoothed(series.points), colour: colour, thickness: bold, opacity: 1, axes: axes)
  }

  private mutating func draw(
    _ points: [Plot.Point], colour: Canvas.Colour, thickness: Double, opacity: Double, axes: PlotAxes
  ) {
    let lines = SeriesShape.stretches(points).map { SeriesShape.thinned($0.map(axes.place)) }
    let clip = (x: axes.left..<axes.right + scale, y: axes.top..<axes.bottom + scale)
    canvas.stroke(
      lines.filter { $0.count > 1 }, thickness: thickness, colour: colour, opacity: opacity, clip: clip)
    // A dot at an edge is shown whole.
    canvas.stroke(
      lines.filter { $0.count == 1 }, thickness: 2.5 * thickness, colour: colour, opacity: opacity)
  }
}

extension PlotRenderer {
  /// An entry of the legend: which series, where its sample begins (points), the name as it fits.
  private struct LegendEntry {
    let index: Int
    let x: Int
    let name: String
  }

  private static let sampleWidth = 18

  /// The legend in rows, set flush right beside the panel's title; at least one row, which may be empty.
  private static func legendRows(of panel: Plot.Panel) -> [[LegendEntry]] {
    let available = width - left - right
    let titleWidth = Int(Canvas.width(of: panel.title, size: textSize)) + 24
    var rows: [(used: Int, entries: [(index: Int, width: Int, name: String)])] = [(titleWidth, [])]
    for (index, series) in panel.series.enumerated() {
      let name = series.name.count > 32 ? series.name.prefix(31) + "…" : series.name
      let width = sampleWidth + 6 + Int(Canvas.width(of: name, size: textSize).rounded(.up)) + 16
      if rows[rows.count - 1].used + width > available, !rows[rows.count - 1].entries.isEmpty {
        rows.append((0, []))
      }
      rows[rows.count - 1].used += width
      rows[rows.count - 1].entries.append((index, width, name))
    }
    return rows.map { row in
      var x = width - right + 16 - row.entries.reduce(0) { $0 + $1.width }
      return row.entries.map { entry in
        defer { x += entry.width }
        return LegendEntry(index: entry.index, x: x, name: entry.name)
      }
    }
  }

  private mutating func drawLegend(_ rows: [[LegendEntry]], from y: Int) {
    for (row, entries) in rows.enumerated() {
      let baseline = y + 9 + row * Self.legendRow
      for entry in entries {
        let middle = (Double(baseline) - 3.5) * Double(scale)
        let start = Canvas.Point(x: Double(entry.x * scale), y: middle)
        let end = Canvas.Point(x: Double((entry.x + Self.sampleWidth) * scale), y: middle)
        canvas.stroke(
          [[start, end]], thickness: 2.2 * Double(scale),
          colour: Self.palette[entry.index % Self.palette.count])
        text(entry.name, x: entry.x + Self.sampleWidth + 6, y: baseline, colour: Self.ink)
      }
    }
  }

  private mutating func text(
    _ text: String, x: Int, y: Int, size: Double = textSize, colour: Canvas.Colour,
    alignment: Canvas.Alignment = .left, weight: Double = StrokeFont.weight
  ) {
    canvas.draw(
      text, at: .init(x: Double(x * scale), y: Double(y * scale)), size: size * Double(scale), colour: colour,
      alignment: alignment, weight: weight)
  }

  private mutating func text(_ text: String, x: Int, pixelY: Double, alignment: Canvas.Alignment) {
    canvas.draw(
      text, at: .init(x: Double(x * scale), y: pixelY), size: Self.textSize * Double(scale),
      colour: Self.faintInk, alignment: alignment)
  }
}
