/// A two-dimensional correlation without stride, or the sum of several over different phases or planes of a
/// source, by tiles: the pixels under each output tile are transformed, multiplied position by position with
/// transformed weights, summed over sources and channels, and transformed back.
///
/// Work is cut into blocks of tiles, so that no more than a block is ever held in transformed form. Every
/// transformed output is one chain over sources, then channels.
struct WinogradProduct {
  let form: WinogradForm
  /// For each correlation the pixels that are transformed.
  let sources: [TileSquares]
  /// Channels of the source.
  let channels: Int
  let activation: UnsafePointer<Float>
  /// Panels of `[positions, depth, width]`.
  let weights: UnsafePointer<Float>
  /// The pixels that are written.
  let target: TileSquares
  let columns: Int
  let result: UnsafeMutablePointer<Float>

  /// Tiles that are transformed at a time: few enough for their transforms to stay near, and so many that
  /// reading the weights for each block does not count.
  private static let tileBlock = 64

  private var depth: Int { sources.count * channels }

  func jobs(_ kernels: KernelTable) -> [ProductJob] {
    ProductJob.cut(rows: target.count, by: Self.tileBlock, panels: kernels.panels(columns).panelCount)
  }

  func run(_ job: ProductJob, _ kernels: KernelTable) {
    let layout = WinogradLayout(tiles: job.rows.count, depth: depth, positions: form.positions)
    let block = Scratch(count: layout.count)
    defer { block.end() }
    transform(job.rows, to: block.pointer, layout, kernels)
    let panels = kernels.panels(columns)
    // An odd number of cache lines from position to position, as the transform back reads all of a tile
    // together.
    let stride = (job.rows.count * 2 * kernels.lanes / 16 | 1) * 16
    let products = Scratch(count: form.positions * stride)
    defer { products.end() }
    withUnsafeTemporaryAllocation(of: Int.self, capacity: job.rows.count) { offsets in
      let offsets = offsets.baseAddress.unsafelyUnwrapped
      for panel in job.panels {
        let width = panels.width(panel)
        let matrices = weights + panels.offset(panel, depth: form.positions * depth)
        for row in 0..<job.rows.count { (offsets + row).initialize(to: row * width) }
        for position in 0..<form.positions {
          for from in Swift.stride(from: 0, to: depth, by: KernelTable.depthBlock) {
            kernels.fewPackedRows(
              job.rows.count, min(KernelTable.depthBlock, depth - from),
              block.pointer + layout.offset(position: position, depth: from),
              matrices + (position * depth + from) * width, products.pointer + position * stride, offsets,
              width, from > 0)
          }
        }
        transformBack(
          products.pointer, stride: stride, job.rows, first: panel * 2 * kernels.lanes, count: width, kernels)
      }
    }
  }

  private func transform(
    _ tiles: Range<Int>, to block: UnsafeMutablePointer<Float>, _ layout: WinogradLayout,
    _ kernels: KernelTable
  ) {
    let transform = kernels.transforms[form]!.input
    let zeros = Scratch(zeros: channels)
    defer { zeros.end() }
    let outside = UnsafePointer(zeros.pointer)
    let (segments, offsets) = layout.segments(sources: sources.count, channels: channels)
    // Tile after tile, so that sources read their neighbouring pixels together.
    TilePointers.with { pointers in
      segments.withUnsafeBufferPointer { segments in
        offsets.withUnsafeBufferPointer { offsets in
          for tile in tiles {
            let row = block + (tile &- tiles.lowerBound) &* KernelTable.rowStride
            var places = offsets.baseAddress.unsafelyUnwrapped
            for segment in segments {
              let squares = sources[segment.source]
              let activation = activation + segment.channels.lowerBound
              squares.forEachPixel(of: squares[tile]) {
                pointers.from[$0] = $1.map { activation + $0 } ?? outside
              }
              for position in 0..<form.positions { pointers.to[position] = row + places[position] }
              places += form.positions
              pointers.apply(transform, channels: segment.channels.count)
            }
          }
        }
      }
    }
  }

  /// Writes `count` columns from `first` on.
  private func transformBack(
    _ products: UnsafePointer<Float>, stride: Int, _ tiles: Range<Int>, first: Int, count: Int,
    _ kernels: KernelTable
  ) {
    let transform = kernels.transforms[form]!.output
    let result = result + first
    // Where pixels beyond the edge go.
    let outside = Scratch(count: count)
    defer { outside.end() }
    TilePointers.with { pointers in
      var product = products
      target.forEach(tiles) { _, square in
        pointers.read(product, stride: stride, count: form.positions)
        target.forEachPixel(of: square) { pointers.to[$0] = $1.map { result + $0 } ?? outside.pointer }
        pointers.apply(transform, channels: count)
        product += count
      }
    }
  }

  /// Runs all jobs of some products that share nothing but their operands.
  static func run(_ products: [WinogradProduct], _ kernels: KernelTable) {
    // Neighbouring jobs read the same part of the source.
    let jobs = products.flatMap { product in product.jobs(kernels).map { (product, $0) } }
      .sorted { $0.1.rows.lowerBound < $1.1.rows.lowerBound }
    ComputeThreads.run(jobs: jobs.count) { index in jobs[index].0.run(jobs[index].1, kernels) }
  }
}
