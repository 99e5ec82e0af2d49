/// A part of a product C = A · B that one thread computes: some rows of A times some panels of B.
struct ProductJob {
  let rows: Range<Int>
  let panels: Range<Int>

  /// Rows of A that are packed at a time: with a depth block of 256, about 200 KB.
  static let rowBlock = 192

  /// Blocks of at most `rowBlock` rows, all panels each, and as many blocks for each thread as for any other;
  /// fewer panels where there are not enough blocks for the threads.
  static func cut(rows: Int, by rowBlock: Int = rowBlock, panels: Int) -> [ProductJob] {
    let threads = ComputeThreads.count
    var blocks = (rows + rowBlock - 1) / rowBlock
    if blocks > threads { blocks = min((blocks + threads - 1) / threads * threads, rows) }
    let panelParts = blocks >= threads ? 1 : min(threads, panels)
    return (0..<blocks).flatMap { block in
      (0..<panelParts).map { part in
        ProductJob(
          rows: rows * block / blocks..<rows * (block + 1) / blocks,
          panels: panels * part / panelParts..<panels * (part + 1) / panelParts)
      }
    }
  }
}

/// Calls `body` with where some rows of C lie that are `distance` floats apart.
func withRowOffsets(_ rows: Range<Int>, distance: Int, _ body: (UnsafePointer<Int>) -> Void) {
  withUnsafeTemporaryAllocation(of: Int.self, capacity: rows.count) { offsets in
    let offsets = offsets.baseAddress.unsafelyUnwrapped
    for row in rows { (offsets + (row &- rows.lowerBound)).initialize(to: row &* distance) }
    body(offsets)
  }
}
