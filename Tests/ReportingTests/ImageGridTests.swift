import Reporting
import TensorCore
import Testing

@Suite("Image grids")
struct ImageGridTests {
  @Test("cells go row by row, each pixel repeated, two pixels of padding between and around")
  func layout() {
    // Three images of 1 x 2 pixels, two to a row.
    let images = Tensor([-1, 1, 0, 1, 1, -1], shape: [3, 1, 2, 1])
    let picture = ImageGrid(columns: 2, scale: 2).pixels(of: images)
    #expect((picture.width, picture.height, picture.channels) == (2 * (4 + 2) + 2, 2 * (2 + 2) + 2, 1))
    let b = ImageGrid.background
    let padding = [UInt8](repeating: b, count: 14)
    let upper: [UInt8] = [b, b, 0, 0, 255, 255, b, b, 128, 128, 255, 255, b, b]
    let lower: [UInt8] = [b, b, 255, 255, 0, 0, b, b, b, b, b, b, b, b]
    let rows = [padding, padding, upper, upper, padding, padding, lower, lower, padding, padding]
    #expect(picture.samples == rows.flatMap { $0 })
  }

  @Test("channels stay innermost")
  func colour() {
    let images = Tensor([-1, 0.5, 1], shape: [1, 1, 1, 3])
    let picture = ImageGrid(columns: 1, scale: 1).pixels(of: images)
    #expect((picture.width, picture.height, picture.channels) == (5, 5, 3))
    let centre = (2 * 5 + 2) * 3
    #expect(Array(picture.samples[centre..<centre + 3]) == [0, 191, 255])
    #expect(picture.samples.filter { $0 == ImageGrid.background }.count == 24 * 3)
  }

  @Test("values outside [-1, 1] are clamped and NaN is black")
  func clamping() {
    let images = Tensor([-9, 9, .nan, .infinity, -.infinity, 0.999], shape: [1, 1, 6, 1])
    let picture = ImageGrid(columns: 1, scale: 1).pixels(of: images)
    let start = 2 * picture.width + 2
    #expect(Array(picture.samples[start..<start + 6]) == [0, 255, 0, 255, 0, 255])
  }

  @Test("by default the grid is nearly square and small images are magnified to at most 64 pixels")
  func defaults() {
    let digits = ImageGrid().pixels(of: Tensor(repeating: 0, shape: [10, 28, 28, 1]))
    #expect((digits.width, digits.height) == (4 * (56 + 2) + 2, 3 * (56 + 2) + 2))
    let large = ImageGrid().pixels(of: Tensor(repeating: 0, shape: [1, 80, 100, 3]))
    #expect((large.width, large.height) == (104, 84))
  }
}
