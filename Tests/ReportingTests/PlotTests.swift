import Reporting
import Testing

@Suite("Plots")
struct PlotTests {
  /// The pixels of `picture` below its legend that are blue, as the first series is; all else is grey.
  /// - Parameter difference: how much more blue than red they have at least: less where a line is drawn
  ///   lightly.
  private func bluePixels(_ picture: Pixels, difference: Int = 80) -> [(x: Int, y: Int)] {
    var found: [(x: Int, y: Int)] = []
    for y in 60..<picture.height {
      for x in 0..<picture.width {
        let start = (y * picture.width + x) * 3
        if Int(picture.samples[start + 2]) - Int(picture.samples[start]) > difference { found.append((x, y)) }
      }
    }
    return found
  }

  private func plot(_ values: [Double]) -> Plot {
    let points = values.enumerated().map { Plot.Point(x: Double($0.offset), y: $0.element) }
    return Plot(title: "t", panels: [.init("loss", [.init("a", points)])])
  }

  @Test("equal plots give equal bytes")
  func determinism() throws {
    let values = (0..<3000).map { Double($0 * $0 % 1009) }
    let plot = plot(values)
    #expect(plot.pixels() == plot.pixels())
    #expect(try PNGFile(encoding: plot.pixels()).bytes == PNGFile(encoding: plot.pixels()).bytes)
  }

  @Test(
    "no values are too strange",
    arguments: [
      [], [.nan], [.infinity, -.infinity], [1], [0, 0, 0], [1e300, -1e300], [.nan, 5, .nan], [-1e100, 1e100],
      [1, 1 + 1e-15], [.leastNonzeroMagnitude, 0], [1e16, 1e16 + 2],
    ] as [[Double]])
  func robustness(values: [Double]) {
    let picture = plot(values).pixels(scale: 1)
    #expect(picture.width == 760)
    let drawable = values.contains { abs($0) <= 1e100 }
    #expect(bluePixels(picture).isEmpty != drawable)
  }

  @Test("steps may be strange too")
  func strangeAxes() {
    let points = [
      Plot.Point(x: .nan, y: 1), .init(x: -1e100, y: 2), .init(x: 1e100, y: 3), .init(x: 0, y: 1),
    ]
    let panels = [Plot.Panel("p", [.init("s", points)]), .init("empty", [])]
    #expect(Plot(title: "", panels: panels).pixels(scale: 1).channels == 3)
  }

  @Test("a single spike among a million values is drawn")
  func spike() {
    var values = [Double](repeating: 0, count: 1_000_000)
    values[500_700] = 1
    let picture = plot(values).pixels(scale: 1)
    let rows = bluePixels(picture, difference: 20).map(\.y)
    let heights = (rows.max() ?? 0) - (rows.min() ?? 0)
    #expect(heights > 150)
  }

  @Test("a gap stays empty")
  func gap() {
    let values = (0...90).map { (40...60).contains($0) ? Double.nan : 1 }
    let columns = bluePixels(plot(values).pixels(scale: 1)).map(\.x)
    // The axis goes from x = 54 to x = 742: values 39 and 61 stand at 352 and 520.
    #expect(columns.contains { $0 < 345 } && columns.contains { $0 > 530 })
    #expect(!columns.contains { (360..<515).contains($0) })
  }

  @Test("larger values are drawn higher")
  func direction() {
    let pixels = bluePixels(plot([0, 1]).pixels(scale: 1))
    let left = pixels.min { $0.x < $1.x }
    let right = pixels.max { $0.x < $1.x }
    #expect((left?.y ?? 0) > (right?.y ?? 0) + 100)
  }

  @Test("a single share of 0 stands on the axis, another value in the middle")
  func single() {
    func height(_ value: Double) -> Int {
      bluePixels(plot([value]).pixels(scale: 1)).map(\.y).max() ?? 0
    }
    #expect(height(0) > height(0.5) + 80 && height(-1) == height(0.5))
  }

  @Test("smoothing keeps the mean and shrinks the noise")
  func smoothing() {
    let points = (0..<1000).map { Plot.Point(x: Double($0), y: $0 % 2 == 0 ? 1 : -1) }
    let smoothed = SeriesShape.smoothed(points)
    #expect(smoothed.count == 1000)
    #expect(smoothed.allSatisfy { abs($0.y) < 0.1 })
    let constant = SeriesShape.smoothed([.init(x: 0, y: 2), .init(x: 1, y: .nan), .init(x: 2, y: 2)])
    #expect(constant.map(\.y.isNaN) == [false, true, false])
    #expect(constant[0].y == 2 && constant[2].y == 2)
  }

  @Test(
    "ticks are round numbers, written alike",
    arguments: [
      (0.0, 1.0, 5, false, ["0", "0.2", "0.4", "0.6", "0.8", "1.0"]),
      (1, 5000, 5, true, ["1000", "2000", "3000", "4000", "5000"]),
      (0, 120_000, 5, true, ["0", "25k", "50k", "75k", "100k"]),
      (0, 3, 8, true, ["0", "1", "2", "3"]),
      (0, 2.1e6, 4, true, ["0", "1M", "2M"]),
      (-0.02, 0.02, 4, false, ["-0.02", "-0.01", "0", "0.01", "0.02"]),
      (0, 3e-9, 3, false, ["0", "1e-09", "2e-09", "3e-09"]),
      (0, 4e15, 2, false, ["0", "2e+15", "4e+15"]),
    ])
  func ticks(low: Double, high: Double, count: Int, integers: Bool, labels: [String]) {
    #expect(AxisTicks(in: low...high, about: count, integersOnly: integers).labels == labels)
  }
}
