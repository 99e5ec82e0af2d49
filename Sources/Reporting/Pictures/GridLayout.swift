/// Where the cells of a picture are: row by row, with padding between and around them.
struct GridLayout {
  /// The grey of the padding and of places without a cell: it shows the edge of black and of white cells.
  static let background: UInt8 = 224

  /// Pixels, of the whole picture.
  let width: Int
  /// Pixels, of the whole picture.
  let height: Int

  private let columns: Int
  private let cellWidth: Int
  private let cellHeight: Int

  /// Pixels.
  private static let padding = 2

  /// - Parameters:
  ///   - columns: cells per row; nil for the nearest square, `ceil(sqrt(count))`.
  ///   - cellWidth: in pixels.
  ///   - cellHeight: in pixels.
  init(of count: Int, columns: Int?, cellWidth: Int, cellHeight: Int) {
    self.columns = columns ?? Self.squareColumns(count)
    self.cellWidth = cellWidth + Self.padding
    self.cellHeight = cellHeight + Self.padding
    width = self.columns * self.cellWidth + Self.padding
    height = (count + self.columns - 1) / self.columns * self.cellHeight + Self.padding
  }

  /// The upper left pixel of a cell.
  func origin(of cell: Int) -> (left: Int, top: Int) {
    (Self.padding + cell % columns * cellWidth, Self.padding + cell / columns * cellHeight)
  }

  /// The samples of the picture without its cells.
  func blank(channels: Int) -> [UInt8] {
    [UInt8](repeating: Self.background, count: width * height * channels)
  }

  private static func squareColumns(_ count: Int) -> Int {
    var columns = 1
    while columns * columns < count { columns += 1 }
    return columns
  }
}
