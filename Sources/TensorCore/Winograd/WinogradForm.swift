/// One member of the family of Winograd's minimal algorithms in two dimensions: squares of
/// `outputs` × `outputs` pixels of a correlation with `taps` × `taps` taps, in ``positions`` products.
package struct WinogradForm: Hashable, Sendable {
  /// Pixels of a tile along each axis.
  package let outputs: Int
  /// Taps along each axis.
  package let taps: Int

  /// F(2 × 2, 2 × 2): 9 products instead of 16.
  package static let f2x2 = WinogradForm(outputs: 2, taps: 2)
  /// F(4 × 4, 2 × 2): 25 products instead of 64.
  package static let f4x2 = WinogradForm(outputs: 4, taps: 2)
  /// F(2 × 2, 3 × 3): 16 products instead of 36.
  package static let f2x3 = WinogradForm(outputs: 2, taps: 3)
  /// F(4 × 4, 3 × 3): 36 products instead of 144.
  package static let f4x3 = WinogradForm(outputs: 4, taps: 3)
  /// Those that there are transforms for.
  package static let all = [f2x2, f4x2, f2x3, f4x3]

  /// Source pixels under a tile along each axis.
  var inputs: Int { outputs + taps - 1 }
  /// Products of a tile, each of them between a channel vector and a matrix.
  var positions: Int { inputs * inputs }

  /// The tiles that cover a grid of output pixels.
  func tiles(_ grid: Triple) -> Triple {
    Triple(grid.z, (grid.y + outputs - 1) / outputs, (grid.x + outputs - 1) / outputs)
  }
}
