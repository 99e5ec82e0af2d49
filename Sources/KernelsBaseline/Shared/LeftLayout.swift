/// Where the elements of a packed block of A lie. The strides are constants, so that every row of a tile is
/// addressed from one register.
protocol LeftLayout {
  /// Floats from a row of the tile to the next.
  static var rowStride: Int { get }
  /// Floats from one step along the depth to the next.
  static var depthStride: Int { get }
  /// Floats from a tile to the next.
  static func tileStride(rows: Int, depth: Int) -> Int
}

/// Rows as they lie in an activation: convolution and its input gradient.
enum RowMajor: LeftLayout {
  @inline(__always) static var rowStride: Int { 272 }
  @inline(__always) static var depthStride: Int { 1 }
  @inline(__always) static func tileStride(rows: Int, depth: Int) -> Int { rows &* rowStride }
}

/// Columns as they lie in an activation: the weight gradient, whose depth is the pixels.
enum DepthMajor: LeftLayout {
  @inline(__always) static var rowStride: Int { 1 }
  @inline(__always) static var depthStride: Int { Vector.scalarCount }
  @inline(__always) static func tileStride(rows: Int, depth: Int) -> Int { depth &* depthStride }
}
