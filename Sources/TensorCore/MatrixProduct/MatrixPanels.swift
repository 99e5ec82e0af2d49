/// A right matrix B, `[depth, columns]` or transposed `[columns, depth]`, as panels of `[depth, width]`.
struct MatrixPanels: WeightPacking, Equatable {
  let depth: Int
  let columns: Int
  let isTransposed: Bool

  func packedCount(_ kernels: KernelTable) -> Int { kernels.panels(columns).packedCount(depth: depth) }

  func pack(
    _ matrix: UnsafePointer<Float>, to packed: UnsafeMutablePointer<Float>, _ kernels: KernelTable
  ) {
    let panels = kernels.panels(columns)
    ComputeThreads.run(jobs: panels.panelCount) { panel in
      let first = panel * 2 * kernels.lanes
      let target = packed + panels.offset(panel, depth: depth)
      if isTransposed {
        packTransposed(matrix + first * depth, panels.columns(panel), to: target, panels.width(panel))
      } else {
        packRows(matrix + first, panels.columns(panel), to: target, panels.width(panel))
      }
    }
  }

  private func packRows(
    _ matrix: UnsafePointer<Float>, _ count: Int, to panel: UnsafeMutablePointer<Float>, _ width: Int
  ) {
    for row in 0..<depth {
      let target = panel + row &* width
      copyFloats(matrix + row &* columns, to: target, count)
      clear(target + count, width &- count)
    }
  }

  private func packTransposed(
    _ matrix: UnsafePointer<Float>, _ count: Int, to panel: UnsafeMutablePointer<Float>, _ width: Int
  ) {
    withUnsafeTemporaryAllocation(of: UnsafePointer<Float>.self, capacity: count) { rows in
      let rows = rows.baseAddress.unsafelyUnwrapped
      for row in 0..<count { (rows + row).initialize(to: matrix + row &* depth) }
      transposeRows(rows, count: count, columns: depth, to: panel, stride: width)
    }
    guard count < width else { return }
    for row in 0..<depth { clear(panel + (row &* width &+ count), width &- count) }
  }
}
