import CProcessor

/// Writes an 8 × 8 block transposed, in registers: element j of row i goes to element i of column j.
/// - Parameters:
///   - column: the address of each of the eight columns.
///   - row: the address of each of the eight rows.
@inline(__always)
func transpose8x8(
  to column: (_ index: Int) -> UnsafeMutablePointer<Float>, from row: (_ index: Int) -> UnsafePointer<Float>
) {
  typealias Row = SIMD8<Float>
  @inline(__always) func load(_ index: Int) -> Row {
    UnsafeRawPointer(row(index)).loadUnaligned(as: Row.self)
  }
  @inline(__always) func store(_ row: Row, _ index: Int) {
    UnsafeMutableRawPointer(column(index)).storeBytes(of: row, as: Row.self)
  }
  let (row0, row1, row2, row3) = (load(0), load(1), load(2), load(3))
  let (row4, row5, row6, row7) = (load(4), load(5), load(6), load(7))
  // Pairs of rows, then fours, then eights.
  let (low01, high01) = (lockstep_zip_low8(row0, row1), lockstep_zip_high8(row0, row1))
  let (low23, high23) = (lockstep_zip_low8(row2, row3), lockstep_zip_high8(row2, row3))
  let (low45, high45) = (lockstep_zip_low8(row4, row5), lockstep_zip_high8(row4, row5))
  let (low67, high67) = (lockstep_zip_low8(row6, row7), lockstep_zip_high8(row6, row7))
  let upper = (
    lockstep_zip_low_pairs8(low01, low23), lockstep_zip_high_pairs8(low01, low23),
    lockstep_zip_low_pairs8(high01, high23), lockstep_zip_high_pairs8(high01, high23)
  )
  let lower = (
    lockstep_zip_low_pairs8(low45, low67), lockstep_zip_high_pairs8(low45, low67),
    lockstep_zip_low_pairs8(high45, high67), lockstep_zip_high_pairs8(high45, high67)
  )
  store(lockstep_low_halves8(upper.0, lower.0), 0)
  store(lockstep_low_halves8(upper.1, lower.1), 1)
  store(lockstep_low_halves8(upper.2, lower.2), 2)
  store(lockstep_low_halves8(upper.3, lower.3), 3)
  store(lockstep_high_halves8(upper.0, lower.0), 4)
  store(lockstep_high_halves8(upper.1, lower.1), 5)
  store(lockstep_high_halves8(upper.2, lower.2), 6)
  store(lockstep_high_halves8(upper.3, lower.3), 7)
}

/// Writes rows of `columns` floats transposed: element j of row i goes to element i of the column at
/// `target + j * stride`.
func transposeRows(
  _ rows: UnsafePointer<UnsafePointer<Float>>, count: Int, columns: Int,
  to target: UnsafeMutablePointer<Float>, stride: Int
) {
  guard columns >= 8, count >= 8 else {
    for row in 0..<count {
      for column in 0..<columns { target[column &* stride &+ row] = rows[row][column] }
    }
    return
  }
  // Blocks of 8 x 8; the last ones repeat some of those before.
  var column = 0
  while column < columns {
    column = min(column, columns &- 8)
    var row = 0
    while row < count {
      row = min(row, count &- 8)
      transpose8x8(to: { target + ((column &+ $0) &* stride &+ row) }, from: { rows[row &+ $0] + column })
      row &+= 8
    }
    column &+= 8
  }
}
