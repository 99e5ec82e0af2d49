/// C = A · B for the patches A of an activation and packed weights B, with the rows of C anywhere in an
/// activation: a convolution, or one stride phase of its input gradient.
///
/// Work is cut into jobs by rows or by panels of B, whichever gives every thread enough of its own; within a
/// job a block of A is packed once per depth block and meets all panels while it is in the cache.
struct PatchProduct {
  let patches: Patches
  let activation: UnsafePointer<Float>
  /// Panels of `[patches.depth, width]`.
  let weights: UnsafePointer<Float>
  let columns: Int
  let result: UnsafeMutablePointer<Float>
  let placement: Placement

  /// Where the rows of C lie, in floats.
  struct Placement {
    let base: Int
    let image: Int
    let z: Int
    let y: Int
    let x: Int
  }

  func jobs(_ kernels: KernelTable) -> [ProductJob] {
    ProductJob.cut(rows: patches.rows, panels: kernels.panels(columns).panelCount)
  }

  func run(_ job: ProductJob, _ kernels: KernelTable) {
    let panels = kernels.panels(columns)
    let depth = patches.depth
    let block = Scratch(count: job.rows.count * KernelTable.rowStride)
    defer { block.end() }
    withUnsafeTemporaryAllocation(of: Int.self, capacity: job.rows.count) { offsets in
      fill(offsets, rows: job.rows)
      let offsets = UnsafePointer(offsets.baseAddress.unsafelyUnwrapped)
      var from = 0
      while from < depth {
        let to = min(from + KernelTable.depthBlock, depth)
        patches.pack(
          activation, rows: job.rows, depths: from..<to, to: block.pointer, stride: KernelTable.rowStride)
        for panel in job.panels {
          kernels.packedRows(
            job.rows.count, to - from, block.pointer,
            weights + (panels.offset(panel, depth: depth) + from * panels.width(panel)),
            result + panel * 2 * kernels.lanes, offsets, panels.columns(panel), from > 0)
        }
        from = to
      }
    }
  }

  private func fill(_ offsets: UnsafeMutableBufferPointer<Int>, rows: Range<Int>) {
    var next = offsets.baseAddress.unsafelyUnwrapped
    patches.gridRows.forEachRow(rows) { _, image, z, y, x in
      next.initialize(
        to: placement.base &+ image &* placement.image &+ z &* placement.z &+ y &* placement.y
          &+ x &* placement.x)
      next += 1
    }
  }

  /// Runs all jobs of some products that share nothing but their operands.
  static func run(_ products: [PatchProduct], _ kernels: KernelTable) {
    let jobs = products.flatMap { product in product.jobs(kernels).map { (product, $0) } }
    ComputeThreads.run(jobs: jobs.count) { index in jobs[index].0.run(jobs[index].1, kernels) }
  }
}
