import CProcessor

/// A block of A, and how it is multiplied.
protocol LeftOperand {
  /// Computes a tile of C.
  static func multiply<Rows: TileRows>(_: Rows.Type, _ operands: TileOperands<Self>)
  mutating func advance(rows: Int)
}

/// A block of A as the tiles read it, a column at a time.
protocol LeftMatrix: LeftOperand {
  /// What the rows of a tile are read from at one step along the depth.
  associatedtype Column
  /// Whether few rows meet each panel of B, so that the next one is better asked for in time.
  static var streamsPanels: Bool { get }
  /// The column `step` steps along the depth from where the matrix stands.
  func at(_ step: Int) -> Column
  static func element(_ row: Int, of column: Column) -> Float
  /// Asks for what a tile of `rows` rows will read some steps later.
  func prefetch(rows: Int, after step: Int)
  mutating func advance(steps: Int)
}

extension LeftMatrix {
  @inline(__always) static var streamsPanels: Bool { false }
}

/// Rows one behind the other, a constant distance apart, so that every row of a tile is addressed from one
/// register: packed patches.
protocol PackedMatrix: LeftMatrix {
  var pointer: UnsafePointer<Float> { get set }
}

extension PackedMatrix {
  @inline(__always) func at(_ step: Int) -> UnsafePointer<Float> { pointer + step }
  @inline(__always) static func element(_ row: Int, of column: UnsafePointer<Float>) -> Float {
    column[row &* BlockProduct.rowStride]
  }
  /// The processor sees by itself where equally spaced, contiguous rows go on.
  @inline(__always) func prefetch(rows: Int, after step: Int) {}
  @inline(__always) mutating func advance(steps: Int) { pointer += steps }
  @inline(__always) mutating func advance(rows: Int) { pointer += rows &* BlockProduct.rowStride }
}

struct PackedRows: PackedMatrix {
  var pointer: UnsafePointer<Float>
}

struct FewPackedRows: PackedMatrix {
  var pointer: UnsafePointer<Float>

  @inline(__always) static var streamsPanels: Bool { true }
}

/// A pointer to every row, along which the depth lies side by side: a matrix that is read in place.
struct IndirectRows: LeftMatrix {
  /// The same place in all rows.
  struct Column {
    let rows: UnsafePointer<UnsafePointer<Float>>
    let place: Int
  }

  var pointers: UnsafePointer<UnsafePointer<Float>>
  /// Where the matrix stands in each row.
  var place: Int

  @inline(__always) func at(_ step: Int) -> Column { Column(rows: pointers, place: place &+ step) }
  @inline(__always) static func element(_ row: Int, of column: Column) -> Float {
    column.rows[row][column.place]
  }
  @inline(__always) func prefetch(rows: Int, after step: Int) {}
  @inline(__always) mutating func advance(steps: Int) { place &+= steps }
  @inline(__always) mutating func advance(rows: Int) { pointers += rows }
}

/// A pointer for every step along the depth, from which the rows lie side by side: channels of the pixels of
/// an activation, read in place.
struct IndirectColumns: LeftMatrix {
  var pointers: UnsafePointer<UnsafePointer<Float>>
  var row = 0

  @inline(__always) func at(_ step: Int) -> UnsafePointer<Float> { pointers[step] + row }
  @inline(__always) static func element(_ row: Int, of column: UnsafePointer<Float>) -> Float { column[row] }
  @inline(__always) func prefetch(rows: Int, after step: Int) {
    let ahead = at(step &+ BlockProduct.pointersAhead)
    if rows > 8 { lockstep_prefetch(ahead) }
    lockstep_prefetch(ahead + (rows &- 1))
  }
  @inline(__always) mutating func advance(steps: Int) { pointers += steps }
  @inline(__always) mutating func advance(rows: Int) { row &+= rows }
}

/// Columns of several products that follow one another.
struct PartwiseColumns: LeftOperand {
  var columns: IndirectColumns
  let parts: Int
  /// Room for a tile at every level of the tree.
  let sums: UnsafeMutablePointer<Float>

  @inline(__always) mutating func advance(rows: Int) { columns.advance(rows: rows) }
}
