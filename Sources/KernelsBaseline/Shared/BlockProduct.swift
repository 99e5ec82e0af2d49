/// C += A · B for a block of A that fits the second-level cache and one panel of B, the inner part of every
/// convolution.
///
/// Element (i, j) of C is one chain of fused multiply-adds over the depth in ascending order. A chain that is
/// interrupted between two depth blocks continues from C in memory, so the bits depend neither on the blocking
/// nor on the tile and vector size.
///
/// `b` is a panel `[depth, width]`, where the width is ``lanes`` if `columns` fit it and twice that otherwise;
/// of each row of C only `columns` floats are read and written.
public enum BlockProduct {
  /// Floats per vector.
  public static let lanes = Vector.scalarCount

  /// Floats from one row of A to the next in ``packedRows(rows:depth:a:b:c:offsets:columns:continuing:)``: room for
  /// 256 and a cache line, so that the rows of a tile do not compete for the same cache sets.
  public static let rowStride = PackedRows.rowStride

  /// A lies as `[rows, rowStride]`, row *i* of C at `c + offsets[i]`. Starts from zero unless `continuing`.
  @inline(never)
  public static func packedRows(
    rows: Int, depth: Int, a: UnsafePointer<Float>, b: UnsafePointer<Float>, c: UnsafeMutablePointer<Float>,
    offsets: UnsafePointer<Int>, columns: Int, continuing: Bool
  ) {
    block(
      rows: rows,
      TileOperands(
        depth: depth, a: PackedRows(pointer: a), b: b, c: c, offsets: offsets, columns: columns,
        continuing: continuing))
  }

  /// Column *k* of A lies at `a[k]`, its `rows` elements side by side; else as above.
  @inline(never)
  public static func indirectColumns(
    rows: Int, depth: Int, a: UnsafePointer<UnsafePointer<Float>>, b: UnsafePointer<Float>,
    c: UnsafeMutablePointer<Float>, offsets: UnsafePointer<Int>, columns: Int, continuing: Bool
  ) {
    block(
      rows: rows,
      TileOperands(
        depth: depth, a: IndirectColumns(pointers: a), b: b, c: c, offsets: offsets, columns: columns,
        continuing: continuing))
  }

  @inline(__always)
  private static func block<Left: LeftMatrix>(rows: Int, _ operands: TileOperands<Left>) {
    let width = operands.columns > lanes ? 2 &* lanes : lanes
    let tiles = (rows &+ tileRows &- 1) / tileRows
    var operands = operands
    var row = 0
    var index = 0
    while index < tiles {
      index &+= 1
      let next = rows &* index / tiles
      if operands.columns == width {
        tile(rows: next &- row, width: width, operands)
      } else {
        partialTile(rows: next &- row, width: width, operands)
      }
      operands.a.advance(rows: next &- row)
      operands.offsets += next &- row
      row = next
    }
  }

  @inline(__always)
  private static func tile<Left: LeftMatrix>(rows: Int, width: Int, _ operands: TileOperands<Left>) {
    if width > lanes {
      tile(rows: rows, TwoVectors.self, operands)
    } else {
      tile(rows: rows, OneVector.self, operands)
    }
  }

  /// The rows of C end before the panel does: they are computed in full beside it.
  @inline(never)
  private static func partialTile<Left: LeftMatrix>(rows: Int, width: Int, _ operands: TileOperands<Left>) {
    withUnsafeTemporaryAllocation(of: Float.self, capacity: tileRows &* 2 &* lanes) { edge in
      withUnsafeTemporaryAllocation(of: Int.self, capacity: tileRows) { offsets in
        let edge = edge.baseAddress.unsafelyUnwrapped
        let offsets = offsets.baseAddress.unsafelyUnwrapped
        edge.initialize(repeating: 0, count: rows &* width)
        var row = 0
        while row < rows {
          offsets[row] = row &* width
          if operands.continuing {
            copy(operands.columns, from: operands.c + operands.offsets[row], to: edge + row &* width)
          }
          row &+= 1
        }
        var beside = operands
        beside.c = edge
        beside.offsets = UnsafePointer(offsets)
        tile(rows: rows, width: width, beside)
        row = 0
        while row < rows {
          copy(operands.columns, from: edge + row &* width, to: operands.c + operands.offsets[row])
          row &+= 1
        }
      }
    }
  }

  @inline(__always)
  private static func copy(
    _ count: Int, from source: UnsafePointer<Float>, to destination: UnsafeMutablePointer<Float>
  ) {
    var index = 0
    while index < count {
      destination[index] = source[index]
      index &+= 1
    }
  }

  @inline(never)
  static func multiply<Rows: TileRows, Left: LeftMatrix>(_: Rows.Type, _ operands: TileOperands<Left>) {
    var tile = operands.continuing ? Rows(loading: operands.c, operands.offsets) : Rows()
    var a = operands.a
    var b = operands.b
    var remaining = operands.depth
    let width = Rows.Columns.count
    while remaining >= 2 {
      tile.accumulate(a.at(0), Rows.Columns(loading: b), Left.self)
      tile.accumulate(a.at(1), Rows.Columns(loading: b + width), Left.self)
      a.advance(steps: 2)
      b += 2 &* width
      remaining &-= 2
    }
    if remaining > 0 {
      tile.accumulate(a.at(0), Rows.Columns(loading: b), Left.self)
    }
    tile.store(to: operands.c, operands.offsets)
  }
}

/// What a tile is computed from.
struct TileOperands<Left: LeftMatrix> {
  let depth: Int
  var a: Left
  let b: UnsafePointer<Float>
  var c: UnsafeMutablePointer<Float>
  var offsets: UnsafePointer<Int>
  let columns: Int
  let continuing: Bool
}
