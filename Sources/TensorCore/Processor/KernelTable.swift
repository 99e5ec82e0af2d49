import KernelsBaseline
import KernelsWide

/// The entry points of one ``KernelSet``; a class, because it is handed on with every product.
final class KernelTable: Sendable {
  /// A block of A times a panel of B; see `BlockProduct` in the kernel targets.
  typealias Block =
    @Sendable (
      _ rows: Int, _ depth: Int, _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>,
      _ c: UnsafeMutablePointer<Float>, _ offsets: UnsafePointer<Int>, _ columns: Int, _ continuing: Bool
    ) -> Void

  /// The same with a pointer to each row of A, and the element from which rows are read.
  typealias RowBlock =
    @Sendable (
      _ rows: Int, _ depth: Int, _ a: UnsafePointer<UnsafePointer<Float>>, _ from: Int,
      _ b: UnsafePointer<Float>, _ c: UnsafeMutablePointer<Float>, _ offsets: UnsafePointer<Int>,
      _ columns: Int, _ continuing: Bool
    ) -> Void

  /// The same with a pointer to each column of A, and the distance of B's rows.
  typealias ColumnBlock =
    @Sendable (
      _ rows: Int, _ depth: Int, _ a: UnsafePointer<UnsafePointer<Float>>, _ b: UnsafePointer<Float>,
      _ bStep: Int, _ c: UnsafeMutablePointer<Float>, _ offsets: UnsafePointer<Int>, _ columns: Int,
      _ continuing: Bool
    ) -> Void

  /// The same for several products, a power of two, with room for the tiles of their tree.
  typealias PartwiseBlock =
    @Sendable (
      _ rows: Int, _ depth: Int, _ parts: Int, _ a: UnsafePointer<UnsafePointer<Float>>,
      _ b: UnsafePointer<Float>, _ bStep: Int, _ c: UnsafeMutablePointer<Float>,
      _ offsets: UnsafePointer<Int>,
      _ columns: Int, _ sums: UnsafeMutablePointer<Float>
    ) -> Void

  /// Floats per vector; a panel of B is one or two vectors wide.
  let lanes: Int
  /// Rows of the largest register tile.
  let tileRows: Int
  /// A as `[rows, rowStride]`.
  let packedRows: Block
  /// The same for few rows, with panels one behind the other.
  let fewPackedRows: Block
  /// A as a pointer to each row.
  let indirectRows: RowBlock
  /// A as a pointer to each column, B with its rows at any distance.
  let indirectColumns: ColumnBlock
  /// The sum of such products along the complete binary tree.
  let partwiseColumns: PartwiseBlock

  /// The squares' transforms, in the same order of operations in every set.
  let transforms: [WinogradForm: TileTransforms]

  /// Floats between the rows of a block for ``packedRows``.
  static let rowStride = KernelsBaseline.BlockProduct.rowStride
  /// Pointers behind the last that ``indirectColumns`` may read.
  static let pointersAhead = KernelsBaseline.BlockProduct.pointersAhead
  /// The longest depth block: a panel of B and a tile of A stay in the nearest caches, and the accumulators
  /// travel to memory rarely.
  static let depthBlock = 256

  private init(
    lanes: Int, tileRows: Int, packedRows: @escaping Block,
    fewPackedRows: @escaping Block, indirectRows: @escaping RowBlock,
    indirectColumns: @escaping ColumnBlock,
    partwiseColumns: @escaping PartwiseBlock,
    transforms: [WinogradForm: TileTransforms]
  ) {
    self.lanes = lanes
    self.tileRows = tileRows
    self.packedRows = packedRows
    self.fewPackedRows = fewPackedRows
    self.indirectRows = indirectRows
    self.indirectColumns = indirectColumns
    self.partwiseColumns = partwiseColumns
    self.transforms = transforms
  }

  static let baseline = KernelTable(
    lanes: KernelsBaseline.BlockProduct.lanes, tileRows: KernelsBaseline.BlockProduct.tileRows,
    packedRows: KernelsBaseline.BlockProduct.packedRows,
    fewPackedRows: KernelsBaseline.BlockProduct.fewPackedRows,
    indirectRows: KernelsBaseline.BlockProduct.indirectRows,
    indirectColumns: KernelsBaseline.BlockProduct.indirectColumns,
    partwiseColumns: KernelsBaseline.BlockProduct.partwiseColumns,
    transforms: [
      .f2x2: TileTransforms(KernelsBaseline.TileTransforms.twoOutputsTwoTaps),
      .f4x2: TileTransforms(KernelsBaseline.TileTransforms.fourOutputsTwoTaps),
      .f2x3: TileTransforms(KernelsBaseline.TileTransforms.twoOutputsThreeTaps),
      .f4x3: TileTransforms(KernelsBaseline.TileTransforms.fourOutputsThreeTaps),
    ])

  static let wide = KernelTable(
    lanes: KernelsWide.BlockProduct.lanes, tileRows: KernelsWide.BlockProduct.tileRows,
    packedRows: KernelsWide.BlockProduct.packedRows,
    fewPackedRows: KernelsWide.BlockProduct.fewPackedRows,
    indirectRows: KernelsWide.BlockProduct.indirectRows,
    indirectColumns: KernelsWide.BlockProduct.indirectColumns,
    partwiseColumns: KernelsWide.BlockProduct.partwiseColumns,
    transforms: [
      .f2x2: TileTransforms(KernelsWide.TileTransforms.twoOutputsTwoTaps),
      .f4x2: TileTransforms(KernelsWide.TileTransforms.fourOutputsTwoTaps),
      .f2x3: TileTransforms(KernelsWide.TileTransforms.twoOutputsThreeTaps),
      .f4x3: TileTransforms(KernelsWide.TileTransforms.fourOutputsThreeTaps),
    ])

  static func of(_ set: KernelSet) -> KernelTable {
    switch set {
    case .baseline: baseline
    case .wide: wide
    }
  }
}

extension KernelTable {
  /// The columns of a matrix B of `count` columns, cut into panels: all two vectors wide but for the last,
  /// which is one vector wide where that suffices.
  struct Panels {
    let count: Int
    let lanes: Int

    var panelCount: Int { (count + 2 * lanes - 1) / (2 * lanes) }
    /// The columns of C that a panel stands for.
    func columns(_ panel: Int) -> Int { min(2 * lanes, count - panel * 2 * lanes) }
    /// Floats per row of a panel.
    func width(_ panel: Int) -> Int { columns(panel) > lanes ? 2 * lanes : lanes }
    /// Where a panel begins in the packed matrix.
    func offset(_ panel: Int, depth: Int) -> Int { panel * 2 * lanes * depth }
    /// Floats of the packed matrix.
    func packedCount(depth: Int) -> Int {
      panelCount == 0 ? 0 : offset(panelCount - 1, depth: depth) + width(panelCount - 1) * depth
    }
  }

  func panels(_ count: Int) -> Panels { Panels(count: count, lanes: lanes) }
}
