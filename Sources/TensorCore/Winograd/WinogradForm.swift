/// One member of the family of Winograd's minimal algorithms in two dimensions: squares of
/// ``outputs`` × ``outputs`` pixels of a correlation with ``taps`` × ``taps`` taps, in ``positions``
/// products.
package enum WinogradForm: CaseIterable, Sendable {
  /// F(2 × 2, 2 × 2): 9 products instead of 16.
  case f2x2
  /// F(4 × 4, 2 × 2): 25 products instead of 64.
  case f4x2
  /// F(2 × 2, 3 × 3): 16 products instead of 36.
  case f2x3
  /// F(4 × 4, 3 × 3): 36 products instead of 144.
  case f4x3

  /// Pixels of a tile along each axis.
  package var outputs: Int {
    switch self {
    case .f2x2, .f2x3: 2
    case .f4x2, .f4x3: 4
    }
  }

  /// Taps along each axis.
  package var taps: Int {
    switch self {
    case .f2x2, .f4x2: 2
    case .f2x3, .f4x3: 3
    }
  }

  /// Source pixels under a tile along each axis.
  var inputs: Int { outputs + taps - 1 }
  /// Products of a tile, each of them between a channel vector and a matrix.
  var positions: Int { inputs * inputs }

  /// The tiles that cover a grid of output pixels.
  func tiles(_ grid: Triple) -> Triple {
    Triple(grid.z, (grid.y + outputs - 1) / outputs, (grid.x + outputs - 1) / outputs)
  }
}
