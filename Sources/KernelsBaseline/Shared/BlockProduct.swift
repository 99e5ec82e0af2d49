import CProcessor

/// C += A · B for a block of A that fits the second-level cache and one panel of B, the inner part of every
/// convolution and matrix product.
///
/// Element (i, j) of C is one chain of fused multiply-adds over the depth in ascending order. A chain that is
/// interrupted between two depth blocks continues from C in memory, so the bits depend neither on the
/// blocking nor on the tile and vector size.
///
/// `b` is a panel `[depth, width]`, where the width is ``lanes`` if `columns` fit it and twice that
/// otherwise; of each row of C only `columns` floats are read and written.
public enum BlockProduct {
  /// Floats per vector.
  public static let lanes = Vector.scalarCount

  /// Floats from one row of A to the next in ``packedRows(rows:depth:a:b:c:offsets:columns:continuing:)``:
  /// room for 256 and a cache line, so that the rows of a tile do not compete for the same cache sets.
  @inline(__always) public static var rowStride: Int { 272 }

  /// A lies as `[rows, rowStride]`, row *i* of C at `c + offsets[i]`. Starts from zero unless `continuing`.
  @inline(never)
  public static func packedRows(
    rows: Int, depth: Int, a: UnsafePointer<Float>, b: UnsafePointer<Float>, c: UnsafeMutablePointer<Float>,
    offsets: UnsafePointer<Int>, columns: Int, continuing: Bool
  ) {
    block(
      rows: rows,
      TileOperands(
        depth: depth, a: PackedRows(pointer: a), b: b, bStep: width(of: columns), ahead: b, c: c,
        offsets: offsets, columns: columns, continuing: continuing))
  }

  /// The same for so few rows that a panel of B is read hardly more often than it is multiplied; the next
  /// one, of the same size, follows at once in memory and is asked for meanwhile.
  @inline(never)
  public static func fewPackedRows(
    rows: Int, depth: Int, a: UnsafePointer<Float>, b: UnsafePointer<Float>, c: UnsafeMutablePointer<Float>,
    offsets: UnsafePointer<Int>, columns: Int, continuing: Bool
  ) {
    let width = width(of: columns)
    block(
      rows: rows,
      TileOperands(
        depth: depth, a: FewPackedRows(pointer: a), b: b, bStep: width,
        ahead: b + depth &* width, c: c, offsets: offsets, columns: columns, continuing: continuing))
  }

  /// Row *i* of A begins at `a[i]`, and is read from element `from` on; else as ``packedRows``.
  @inline(never)
  public static func indirectRows(
    rows: Int, depth: Int, a: UnsafePointer<UnsafePointer<Float>>, from: Int, b: UnsafePointer<Float>,
    c: UnsafeMutablePointer<Float>, offsets: UnsafePointer<Int>, columns: Int, continuing: Bool
  ) {
    block(
      rows: rows,
      TileOperands(
        depth: depth, a: IndirectRows(pointers: a, place: from), b: b, bStep: width(of: columns), ahead: b,
        c: c, offsets: offsets, columns: columns, continuing: continuing))
  }

  /// Pointers that ``indirectColumns(rows:depth:a:b:bStep:c:offsets:columns:continuing:)`` looks ahead.
  public static let pointersAhead = 8

  /// Column *k* of A lies at `a[k]`, its `rows` elements side by side, and row *k* of B at `b + k * bStep`,
  /// whole to the panel's width; else as above. The ``pointersAhead`` pointers behind the last are read too,
  /// but not what they point to.
  @inline(never)
  public static func indirectColumns(
    rows: Int, depth: Int, a: UnsafePointer<UnsafePointer<Float>>, b: UnsafePointer<Float>, bStep: Int,
    c: UnsafeMutablePointer<Float>, offsets: UnsafePointer<Int>, columns: Int, continuing: Bool
  ) {
    block(
      rows: rows,
      TileOperands(
        depth: depth, a: IndirectColumns(pointers: a), b: b, bStep: bStep, ahead: b, c: c, offsets: offsets,
        columns: columns, continuing: continuing))
  }

  /// The sum along the complete binary tree of products over `depth` steps each, which follow one another in
  /// `a` and B: each is a chain of its own from zero, and a tile's are added before the next tile begins.
  /// Else as above.
  /// - Parameters:
  ///   - parts: how many products, a power of two.
  ///   - sums: room for as many tiles as the tree has levels.
  @inline(never)
  public static func partwiseColumns(
    rows: Int, depth: Int, parts: Int, a: UnsafePointer<UnsafePointer<Float>>, b: UnsafePointer<Float>,
    bStep: Int, c: UnsafeMutablePointer<Float>, offsets: UnsafePointer<Int>, columns: Int,
    sums: UnsafeMutablePointer<Float>
  ) {
    block(
      rows: rows,
      TileOperands(
        depth: depth, a: PartwiseColumns(columns: IndirectColumns(pointers: a), parts: parts, sums: sums),
        b: b, bStep: bStep, ahead: b, c: c, offsets: offsets, columns: columns, continuing: false))
  }

  /// Floats of a row of a panel of `columns`.
  @inline(__always)
  private static func width(of columns: Int) -> Int { columns > lanes ? 2 &* lanes : lanes }

  /// Floats in a cache line.
  private static var lineCount: Int { 16 }

  @inline(__always)
  private static func block<Left: LeftOperand>(rows: Int, _ operands: TileOperands<Left>) {
    let tiles = (rows &+ tileRows &- 1) / tileRows
    var operands = operands
    var row = 0
    var index = 0
    let next = operands.ahead
    let width = width(of: operands.columns)
    while index < tiles {
      // The first tiles ask for a cache line of every row of the next panel each, the others for what they
      // have.
      let asks = index &* lineCount < width
      operands.ahead = asks ? next + index &* lineCount : operands.b
      operands.aheadStep = asks ? width : 0
      index &+= 1
      let end = rows &* index / tiles
      if operands.columns > lanes {
        tile(rows: end &- row, TwoVectors.self, operands)
      } else {
        tile(rows: end &- row, OneVector.self, operands)
      }
      operands.a.advance(rows: end &- row)
      operands.offsets += end &- row
      row = end
    }
  }
}

extension LeftMatrix {
  @inline(never)
  static func multiply<Rows: TileRows>(_: Rows.Type, _ operands: TileOperands<Self>) {
    let isWhole = operands.columns == Rows.Columns.count
    var tile = Rows()
    if operands.continuing {
      tile =
        isWhole
        ? Rows(loading: operands.c, operands.offsets)
        : Rows(loading: operands.c, operands.offsets, columns: operands.columns)
    } else {
      Rows.prefetch(operands.c, operands.offsets)
    }
    var a = operands.a
    var b = operands.b
    let bStep = operands.bStep
    var ahead = operands.ahead
    let aheadStep = operands.aheadStep
    var remaining = operands.depth
    while remaining >= 2 {
      if streamsPanels {
        lockstep_prefetch_second_level(ahead)
        lockstep_prefetch_second_level(ahead + aheadStep)
        ahead += 2 &* aheadStep
      }
      a.prefetch(rows: Rows.count, after: 0)
      tile.accumulate(a.at(0), 0, Rows.Columns(loading: b), Self.self)
      a.prefetch(rows: Rows.count, after: 1)
      tile.accumulate(a.at(1), 0, Rows.Columns(loading: b + bStep), Self.self)
      a.advance(steps: 2)
      b += 2 &* bStep
      remaining &-= 2
    }
    if remaining > 0 {
      tile.accumulate(a.at(0), 0, Rows.Columns(loading: b), Self.self)
    }
    if isWhole {
      tile.store(to: operands.c, operands.offsets)
    } else {
      tile.store(to: operands.c, operands.offsets, columns: operands.columns)
    }
  }
}

extension PartwiseColumns {
  /// The tile of each part is added to those of the parts before it as a binary counter carries.
  @inline(never)
  static func multiply<Rows: TileRows>(_: Rows.Type, _ operands: TileOperands<Self>) {
    let left = operands.a
    var a = left.columns
    var b = operands.b
    let bStep = operands.bStep
    var part = 0
    while true {
      var tile = Rows()
      var remaining = operands.depth
      while remaining > 0 {
        a.prefetch(rows: Rows.count, after: 0)
        tile.accumulate(a.at(0), 0, Rows.Columns(loading: b), IndirectColumns.self)
        a.advance(steps: 1)
        b += bStep
        remaining &-= 1
      }
      var sum = left.sums
      var carried = part
      while carried & 1 == 1 {
        tile.add(sum)
        sum += Rows.count &* Rows.Columns.count
        carried >>= 1
      }
      part &+= 1
      if part == left.parts {
        if operands.columns == Rows.Columns.count {
          tile.store(to: operands.c, operands.offsets)
        } else {
          tile.store(to: operands.c, operands.offsets, columns: operands.columns)
        }
        return
      }
      tile.save(to: sum)
    }
  }
}

/// What a tile is computed from.
struct TileOperands<Left: LeftOperand> {
  let depth: Int
  var a: Left
  let b: UnsafePointer<Float>
  /// Floats from one row of B to the next.
  let bStep: Int
  /// What the next product will read, and floats from one prefetch to the next.
  var ahead: UnsafePointer<Float>
  var aheadStep = 0
  var c: UnsafeMutablePointer<Float>
  var offsets: UnsafePointer<Int>
  let columns: Int
  let continuing: Bool
}
