/// A correlation without stride, or the sum of several over different phases of a source, by tiles: the pixels under
/// each output tile are transformed, multiplied position by position with transformed weights, summed over phases
/// and channels, and transformed back.
///
/// Work is cut into blocks of tiles, so that no more than a block is ever held in transformed form. Every
/// transformed output is one chain over phases, then channels.
struct WinogradProduct {
  let form: WinogradForm
  /// For each phase the pixels that are transformed.
  let sources: [TileSquares]
  /// Channels of the source.
  let channels: Int
  let activation: UnsafePointer<Float>
  /// For each position of a tile panels of `[depth, width]`.
  let weights: UnsafePointer<Float>
  /// The pixels that are written.
  let target: TileSquares
  let columns: Int
  let result: UnsafeMutablePointer<Float>

  /// Tiles that are transformed at a time.
  static let tileBlock = 64

  private var depth: Int { sources.count * channels }

  func jobs(_ kernels: KernelTable) -> [PatchProduct.Job] {
    PatchProduct.Job.cut(rows: target.count, by: Self.tileBlock, panels: kernels.panels(columns).panelCount)
  }

  func run(_ job: PatchProduct.Job, _ kernels: KernelTable) {
    let layout = WinogradLayout(tiles: job.rows.count, depth: depth, positions: form.positions)
    let block = TensorStorage(count: layout.count)
    transform(job.rows, to: block.pointer, layout, kernels)
    let panels = kernels.panels(columns)
    let first = job.panels.lowerBound * 2 * kernels.lanes
    let count = min(job.panels.upperBound * 2 * kernels.lanes, columns) - first
    // An odd number of cache lines from position to position, as the transform back reads all of a tile together.
    let stride = (job.rows.count * count / 16 | 1) * 16
    let products = TensorStorage(count: form.positions * stride)
    withUnsafeTemporaryAllocation(of: Int.self, capacity: job.rows.count) { offsets in
      for row in 0..<job.rows.count { offsets.initializeElement(at: row, to: row * count) }
      let offsets = UnsafePointer(offsets.baseAddress.unsafelyUnwrapped)
      for position in 0..<form.positions {
        let matrix = weights + position * panels.packedCount(depth: depth)
        for panel in job.panels {
          let product = products.pointer + (position * stride + panel * 2 * kernels.lanes - first)
          for from in Swift.stride(from: 0, to: depth, by: KernelTable.depthBlock) {
            kernels.packedRows(
              job.rows.count, min(KernelTable.depthBlock, depth - from),
              block.pointer + layout.offset(position: position, depth: from),
              matrix + (panels.offset(panel, depth: depth) + from * panels.width(panel)), product, offsets,
              panels.columns(panel), from > 0)
          }
        }
      }
    }
    transformBack(products.pointer, stride: stride, job.rows, columns: first..<first + count, kernels)
  }

  private func transform(
    _ tiles: Range<Int>, to block: UnsafeMutablePointer<Float>, _ layout: WinogradLayout,
    _ kernels: KernelTable
  ) {
    let transform = kernels.transforms(form).input
    let zeros = TensorStorage(count: channels)
    clear(zeros.pointer, channels)
    TilePointers.with { pointers in
      for segment in layout.segments(phases: sources.count, channels: channels) {
        let squares = sources[segment.phase]
        let activation = activation + segment.channels.lowerBound
        let outside = UnsafePointer(zeros.pointer)
        segment.offsets.withUnsafeBufferPointer { offsets in
          let offsets = offsets.baseAddress.unsafelyUnwrapped
          var row = block
          squares.forEach(tiles) { _, square in
            squares.forEachPixel(of: square) { pointers.from[$0] = $1.map { activation + $0 } ?? outside }
            for position in 0..<form.positions { pointers.to[position] = row + offsets[position] }
            pointers.apply(transform, channels: segment.channels.count)
            row += KernelTable.rowStride
          }
        }
      }
    }
  }

  private func transformBack(
    _ products: UnsafePointer<Float>, stride: Int, _ tiles: Range<Int>, columns: Range<Int>,
    _ kernels: KernelTable
  ) {
    let transform = kernels.transforms(form).output
    let result = result + columns.lowerBound
    // Where pixels beyond the edge go.
    let outside = TensorStorage(count: columns.count)
    TilePointers.with { pointers in
      var product = products
      target.forEach(tiles) { _, square in
        pointers.read(product, stride: stride, count: form.positions)
        target.forEachPixel(of: square) { pointers.to[$0] = $1.map { result + $0 } ?? outside.pointer }
        pointers.apply(transform, channels: columns.count)
        product += columns.count
      }
    }
  }

  /// Runs all jobs of some products that share nothing but their operands.
  static func run(_ products: [WinogradProduct], _ kernels: KernelTable) {
    let jobs = products.flatMap { product in product.jobs(kernels).map { (product, $0) } }
    ComputeThreads.run(jobs: jobs.count) { index in jobs[index].0.run(jobs[index].1, kernels) }
  }
}
