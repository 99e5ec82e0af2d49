import Reporting
import TensorCore
import Testing

@Suite("Image grids")
struct ImageGridTests {
  /// The grey between cells.
  private let background: UInt8 = 224

  @Test("cells go row by row, each pixel repeated, two pixels of padding between and around")
  func layout() {
    // Three images of 1 x 32 pixels, two to a row, of which a pixel becomes 2 x 2.
    func pixels(_ left: Float, _ right: Float) -> [Float] {
      [Float](repeating: left, count: 31) + [right]
    }
    let images = Tensor(pixels(-1, 1) + pixels(0, 1) + pixels(1, -1), shape: [3, 1, 32, 1])
    let picture = ImageGrid(columns: 2).pixels(of: images)
    #expect((picture.width, picture.height, picture.channels) == (2 * (64 + 2) + 2, 2 * (2 + 2) + 2, 1))
    let b = background
    func cell(_ left: UInt8, _ right: UInt8) -> [UInt8] {
      [UInt8](repeating: left, count: 62) + [right, right]
    }
    let padding = [UInt8](repeating: b, count: 134)
    let upper = [b, b] + cell(0, 255) + [b, b] + cell(128, 255) + [b, b]
    let lower = [b, b] + cell(255, 0) + [b, b] + cell(b, b) + [b, b]
    let rows = [padding, padding, upper, upper, padding, padding, lower, lower, padding, padding]
    #expect(picture.samples == rows.flatMap { $0 })
  }

  @Test("channels stay innermost")
  func colour() {
    let images = Tensor([-1, 0.5, 1], shape: [1, 1, 1, 3])
    let picture = ImageGrid(columns: 1).pixels(of: images)
    #expect((picture.width, picture.height, picture.channels) == (68, 68, 3))
    for pixel in [2 * 68 + 2, 65 * 68 + 65] {
      #expect(Array(picture.samples[pixel * 3..<pixel * 3 + 3]) == [0, 191, 255])
    }
    #expect(picture.samples.filter { $0 == background }.count == (68 * 68 - 64 * 64) * 3)
  }

  @Test("values outside [-1, 1] are clamped and NaN is black")
  func clamping() {
    let images = Tensor([-9, 9, .nan, .infinity, -.infinity, 0.999], shape: [1, 1, 6, 1])
    let picture = ImageGrid(columns: 1).pixels(of: images)
    // A pixel becomes 10 x 10.
    let start = 2 * picture.width + 2
    #expect((0..<6).map { picture.samples[start + 10 * $0] } == [0, 255, 0, 255, 0, 255])
  }

  @Test("by default the grid is nearly square and small images are magnified to at most 64 pixels")
  func defaults() {
    let digits = ImageGrid().pixels(of: Tensor(repeating: 0, shape: [10, 28, 28, 1]))
    #expect((digits.width, digits.height) == (4 * (56 + 2) + 2, 3 * (56 + 2) + 2))
    let large = ImageGrid().pixels(of: Tensor(repeating: 0, shape: [1, 80, 100, 3]))
    #expect((large.width, large.height) == (104, 84))
  }
}
