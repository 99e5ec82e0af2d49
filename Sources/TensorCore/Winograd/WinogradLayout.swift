/// Where a block of transformed tiles lies: for each position of a tile a matrix of tiles by depth, in blocks
/// `[tiles, KernelTable.rowStride]` as the product kernel reads them. Positions of little depth share a
/// block.
struct WinogradLayout {
  let tiles: Int
  let depth: Int
  let positions: Int

  private var positionsPerBlock: Int { max(KernelTable.depthBlock / depth, 1) }
  private var blocksPerPosition: Int { (depth + KernelTable.depthBlock - 1) / KernelTable.depthBlock }
  /// An odd number of cache lines, as a transform writes all positions of a tile together.
  private var blockStride: Int { ((tiles * KernelTable.rowStride / 16) | 1) * 16 }

  var count: Int {
    (positions + positionsPerBlock - 1) / positionsPerBlock * blocksPerPosition * blockStride
  }

  /// The element of the first tile.
  func offset(position: Int, depth: Int) -> Int {
    let block = position / positionsPerBlock * blocksPerPosition + depth / KernelTable.depthBlock
    return block * blockStride + position % positionsPerBlock * self.depth + depth % KernelTable.depthBlock
  }

  /// Channels of one source that lie side by side. Trivial, because it is looked at for every tile.
  struct Segment {
    let source: Int
    let channels: Range<Int>
  }

  /// The depth, sources before channels, cut where a block ends, and behind one another the places of each
  /// segment's positions.
  func segments(sources: Int, channels: Int) -> (segments: [Segment], offsets: [Int]) {
    var segments: [Segment] = []
    var offsets: [Int] = []
    var from = 0
    while from < depth {
      let source = from / channels
      let blockEnd = (from / KernelTable.depthBlock + 1) * KernelTable.depthBlock
      let to = min((source + 1) * channels, blockEnd)
      segments.append(Segment(source: source, channels: from - source * channels..<to - source * channels))
      offsets += (0..<positions).map { offset(position: $0, depth: from) }
      from = to
    }
    return (segments, offsets)
  }
}
