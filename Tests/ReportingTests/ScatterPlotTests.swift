import Reporting
import TensorCore
import Testing

@Suite("Scatter plots")
struct ScatterPlotTests {
  private let plot = ScatterPlot(circles: [.init(x: 1, y: 0, radius: 0.25)], extent: 2)

  /// The sum of the samples of the pixel at a place of the plane.
  private func level(_ picture: Pixels, _ x: Double, _ y: Double) -> Int {
    let column = Int((x + 2) / 4 * Double(picture.width))
    let row = Int((2 - y) / 4 * Double(picture.height))
    return (0..<3).reduce(0) { $0 + Int(picture.samples[(row * picture.width + column) * 3 + $1]) }
  }

  @Test("points are drawn where they lie, y upwards, and darker where they fall together")
  func places() {
    let points = Tensor([-1, 1.5, 1.5, -1, 1.5, -1], shape: [3, 1, 1, 2])
    let picture = plot.pixels(of: points, side: 200)
    #expect((picture.width, picture.height, picture.channels) == (200, 200, 3))
    #expect(level(picture, -1.2, 1.2) == 3 * 255 && level(picture, -1, -1.5) == 3 * 255)
    #expect(level(picture, -1, 1.5) < 3 * 255)
    #expect(level(picture, 1.5, -1) < level(picture, -1, 1.5))
  }

  @Test("circles are outlines, and what lies outside or is not finite is left out")
  func outlines() {
    let empty = plot.pixels(of: Tensor([5, 5, .nan, 0, .infinity, 0], shape: [3, 2]), side: 200)
    #expect(empty == plot.pixels(of: Tensor([9, 9], shape: [1, 2]), side: 200))
    #expect(level(empty, 1.25, 0.05) < 3 * 255 && level(empty, 1, 0.25) < 3 * 255)
    #expect(level(empty, 1, 0.1) == 3 * 255)
  }
}
