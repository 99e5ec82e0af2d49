/// C = A · B on the register tiles of the convolutions, with A or B taken transposed.
///
/// B is packed into panels. Blocks of A stay in the second-level cache while all panels meet them, and are
/// read in place, or packed where that would be slow. Each element of C is one chain of fused multiply-adds
/// over the depth in ascending order.
struct MatrixProduct {
  let rows: Int
  let depth: Int
  let columns: Int
  /// A: `[rows, depth]`, or `[depth, rows]` if it is taken transposed.
  let left: UnsafePointer<Float>
  let isLeftTransposed: Bool
  /// Panels of `[depth, width]`, see ``MatrixPanels``; or B itself, if A is taken transposed and
  /// ``readsInPlace(depth:columns:_:)``.
  let right: UnsafePointer<Float>
  var isRightInPlace = false
  /// Equal ranges of the depth that are multiplied each by itself, and the products added along the complete
  /// binary tree; a power of two, 1 unless A is taken transposed.
  var parts = 1
  /// `[rows, columns]`.
  let result: UnsafeMutablePointer<Float>

  func run(_ kernels: KernelTable) {
    let jobs = ProductJob.cut(
      rows: rows, by: isLeftTransposed ? ProductJob.rowBlock : rowBlock,
      panels: kernels.panels(columns).panelCount)
    ComputeThreads.run(jobs: jobs.count) { index in
      let job = jobs[index]
      if isLeftTransposed {
        multiplyInPlace(job, kernels)
      } else if readsRowsInPlace(kernels) {
        multiplyRowsInPlace(job, kernels)
      } else {
        multiply(job, kernels)
      }
    }
  }

  private var depthBlocks: Int { (depth + KernelTable.depthBlock - 1) / KernelTable.depthBlock }

  /// Rows of A that panels meet at a time, over their whole depth.
  private var rowBlock: Int { max(ProductJob.rowBlock / depthBlocks, 16) }

  private func multiply(_ job: ProductJob, _ kernels: KernelTable) {
    let stride = KernelTable.rowStride
    let count = job.rows.count
    let block = Scratch(count: count * stride * depthBlocks)
    defer { block.end() }
    var packed = block.pointer
    forEachDepthBlock { depths in
      for row in job.rows {
        copyFloats(left + (row &* depth &+ depths.lowerBound), to: packed, depths.count)
        packed += stride
      }
    }
    // A panel that few rows meet is fetched while the one before it is multiplied.
    let product = count <= Self.fewRows ? kernels.fewPackedRows : kernels.packedRows
    withRowOffsets(job.rows, distance: columns) { offsets in
      forEachPanel(job, kernels) { panel, columns, step, target in
        var a = UnsafePointer(block.pointer)
        forEachDepthBlock { depths in
          product(
            count, depths.count, a, panel + depths.lowerBound &* step, target, offsets, columns,
            depths.lowerBound > 0)
          a += count &* stride
        }
      }
    }
  }

  private static let fewRows = 64

  /// Whether the rows of A are better read where they lie than packed: those of a tile take no more than two
  /// ways of a first-level cache. In a product of few rows that is a small part of the work, and packed rows
  /// ask for the next panel.
  private func readsRowsInPlace(_ kernels: KernelTable) -> Bool {
    rows > Self.fewRows && kernels.tileRows * Self.crowding(distance: depth) <= 2 * Self.cacheSets
  }

  private func multiplyRowsInPlace(_ job: ProductJob, _ kernels: KernelTable) {
    withUnsafeTemporaryAllocation(of: UnsafePointer<Float>.self, capacity: job.rows.count) { pointers in
      let pointers = pointers.baseAddress.unsafelyUnwrapped
      for row in job.rows { (pointers + (row &- job.rows.lowerBound)).initialize(to: left + row &* depth) }
      withRowOffsets(job.rows, distance: columns) { offsets in
        forEachPanel(job, kernels) { panel, columns, step, target in
          forEachDepthBlock { depths in
            kernels.indirectRows(
              job.rows.count, depths.count, UnsafePointer(pointers), depths.lowerBound,
              panel + depths.lowerBound &* step, target, offsets, columns, depths.lowerBound > 0)
          }
        }
      }
    }
  }

  private func multiplyInPlace(_ job: ProductJob, _ kernels: KernelTable) {
    let ahead = KernelTable.pointersAhead
    withUnsafeTemporaryAllocation(of: UnsafePointer<Float>.self, capacity: depth + ahead) { pointers in
      let pointers = pointers.baseAddress.unsafelyUnwrapped
      for step in 0..<depth + ahead {
        (pointers + step).initialize(to: left + (min(step, depth &- 1) &* rows &+ job.rows.lowerBound))
      }
      // One tile for each level of the tree.
      let sums = Scratch(count: parts.trailingZeroBitCount * kernels.tileRows * 2 * kernels.lanes)
      defer { sums.end() }
      withRowOffsets(job.rows, distance: columns) { offsets in
        forEachPanel(job, kernels) { panel, columns, step, target in
          if parts > 1 {
            return kernels.partwiseColumns(
              job.rows.count, depth / parts, parts, UnsafePointer(pointers), panel, step, target, offsets,
              columns, sums.pointer)
          }
          forEachDepthBlock { depths in
            kernels.indirectColumns(
              job.rows.count, depths.count, UnsafePointer(pointers + depths.lowerBound),
              panel + depths.lowerBound &* step, step, target, offsets, columns, depths.lowerBound > 0)
          }
        }
      }
    }
  }

  @inline(__always)
  private func forEachDepthBlock(_ body: (Range<Int>) -> Void) {
    var from = 0
    while from < depth {
      let to = min(from &+ KernelTable.depthBlock, depth)
      body(from..<to)
      from = to
    }
  }

  @inline(__always)
  private func forEachPanel(
    _ job: ProductJob, _ kernels: KernelTable,
    _ body: (
      _ panel: UnsafePointer<Float>, _ columns: Int, _ step: Int, _ target: UnsafeMutablePointer<Float>
    ) -> Void
  ) {
    let panels = kernels.panels(columns)
    for panel in job.panels {
      body(
        right + panels.offset(panel, depth: isRightInPlace ? 1 : depth), panels.columns(panel),
        isRightInPlace ? columns : panels.width(panel), result + panel &* 2 &* kernels.lanes)
    }
  }

  /// Whether B is as well read where it lies: all panels are whole, and the rows of one do not compete for
  /// the sets of a first-level cache of 64 sets and 8 ways.
  static func readsInPlace(depth: Int, columns: Int, _ kernels: KernelTable) -> Bool {
    guard columns.isMultiple(of: cacheLine), columns.isMultiple(of: kernels.lanes) else { return false }
    return depth * crowding(distance: columns) <= 8 * cacheSets
  }

  /// Floats in a cache line, and the sets of a first-level cache.
  private static let (cacheLine, cacheSets) = (16, 64)

  /// How many times as many lines share a set where rows are `distance` floats apart as where they lie in all
  /// sets.
  private static func crowding(distance: Int) -> Int {
    guard distance.isMultiple(of: cacheLine) else { return 1 }
    return 1 << min((distance / cacheLine).trailingZeroBitCount, cacheSets.trailingZeroBitCount)
  }
}
