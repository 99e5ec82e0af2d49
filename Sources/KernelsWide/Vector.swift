import CProcessor

/// The vector of this copy of the kernels: one AVX-512 register.
typealias Vector = SIMD16<Float>

extension BlockProduct {
  /// Rows of the largest tile: 14 × 2 accumulators, 2 vectors of B and a broadcast fill the 32 registers.
  public static let tileRows = 14

  @inline(__always)
  static func tile<Columns: TileColumns, Left: LeftOperand>(
    rows: Int, _ columns: Columns.Type, _ operands: TileOperands<Left>
  ) {
    switch rows {
    case 1: Left.multiply(Row<Columns>.self, operands)
    case 2: Left.multiply(Rows2<Columns>.self, operands)
    case 3: Left.multiply(Rows3<Columns>.self, operands)
    case 4: Left.multiply(Rows4<Columns>.self, operands)
    case 5: Left.multiply(Rows5<Columns>.self, operands)
    case 6: Left.multiply(Rows6<Columns>.self, operands)
    case 7: Left.multiply(Rows7<Columns>.self, operands)
    case 8: Left.multiply(Rows8<Columns>.self, operands)
    case 9: Left.multiply(Rows9<Columns>.self, operands)
    case 10: Left.multiply(Rows10<Columns>.self, operands)
    case 11: Left.multiply(Rows11<Columns>.self, operands)
    case 12: Left.multiply(Rows12<Columns>.self, operands)
    case 13: Left.multiply(Rows13<Columns>.self, operands)
    case 14: Left.multiply(Rows14<Columns>.self, operands)
    default: preconditionFailure("a tile has 1 to \(tileRows) rows")
    }
  }
}

extension Vector {
  /// `self + factor * other`, rounded once.
  @inline(__always) func addingProduct(_ factor: Vector, _ other: Vector) -> Vector {
    lockstep_fma16(factor, other, self)
  }
}
