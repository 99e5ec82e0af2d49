internal import CProcessor

/// A block of A as the tiles read it: the element in row `i` of the tile, `step` steps along the depth from
/// where the matrix stands, is `at(step)[i * rowStride]`.
///
/// The row stride is a constant, so that every row of a tile is addressed from one register.
protocol LeftMatrix {
  static var rowStride: Int { get }
  /// Whether few rows meet each panel of B, so that the next one is better asked for in time.
  static var streamsPanels: Bool { get }
  func at(_ step: Int) -> UnsafePointer<Float>
  /// Asks for what a tile of `rows` rows will read some steps later.
  func prefetch(rows: Int, after step: Int)
  mutating func advance(steps: Int)
  mutating func advance(rows: Int)
}

/// Rows one behind the other, a constant distance apart: packed patches.
struct PackedRows: LeftMatrix {
  var pointer: UnsafePointer<Float>

  @inline(__always) static var rowStride: Int { 272 }
  @inline(__always) static var streamsPanels: Bool { false }
  @inline(__always) func at(_ step: Int) -> UnsafePointer<Float> { pointer + step }
  /// The processor sees by itself where equally spaced, contiguous rows go on.
  @inline(__always) func prefetch(rows: Int, after step: Int) {}
  @inline(__always) mutating func advance(steps: Int) { pointer += steps }
  @inline(__always) mutating func advance(rows: Int) { pointer += rows &* Self.rowStride }
}

/// The same, but few of them.
struct FewPackedRows: LeftMatrix {
  var rows: PackedRows

  @inline(__always) static var rowStride: Int { PackedRows.rowStride }
  @inline(__always) static var streamsPanels: Bool { true }
  @inline(__always) func at(_ step: Int) -> UnsafePointer<Float> { rows.at(step) }
  @inline(__always) func prefetch(rows: Int, after step: Int) {}
  @inline(__always) mutating func advance(steps: Int) { rows.advance(steps: steps) }
  @inline(__always) mutating func advance(rows count: Int) { rows.advance(rows: count) }
}

/// Columns of several products that follow one another.
struct PartwiseColumns: LeftMatrix {
  var columns: IndirectColumns
  let parts: Int
  /// Room for a tile at every level of the tree.
  let sums: UnsafeMutablePointer<Float>

  @inline(__always) static var rowStride: Int { IndirectColumns.rowStride }
  @inline(__always) static var streamsPanels: Bool { false }
  @inline(__always) func at(_ step: Int) -> UnsafePointer<Float> { columns.at(step) }
  @inline(__always) func prefetch(rows: Int, after step: Int) { columns.prefetch(rows: rows, after: step) }
  @inline(__always) mutating func advance(steps: Int) { columns.advance(steps: steps) }
  @inline(__always) mutating func advance(rows count: Int) { columns.advance(rows: count) }
}

/// A pointer for every step along the depth, from which the rows lie side by side: channels of the pixels of
/// an activation, read in place.
struct IndirectColumns: LeftMatrix {
  var pointers: UnsafePointer<UnsafePointer<Float>>
  var row = 0

  @inline(__always) static var rowStride: Int { 1 }
  @inline(__always) static var streamsPanels: Bool { false }
  @inline(__always) func at(_ step: Int) -> UnsafePointer<Float> { pointers[step] + row }
  @inline(__always) func prefetch(rows: Int, after step: Int) {
    let ahead = at(step &+ BlockProduct.pointersAhead)
    if rows > 8 { lockstep_prefetch(ahead) }
    lockstep_prefetch(ahead + (rows &- 1))
  }
  @inline(__always) mutating func advance(steps: Int) { pointers += steps }
  @inline(__always) mutating func advance(rows: Int) { row &+= rows }
}
