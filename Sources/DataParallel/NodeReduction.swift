import MessagePassing
import TensorCore

/// The reduction of ``PartialSums`` where all ranks share memory.
///
/// The vector passes in blocks. Each rank puts its pieces of a block into its segment; the ranks meet; each adds one
/// slice of the block in tree order, puts the sum into its segment, and its pieces of the next block into the other
/// half of it; the ranks meet again; each copies all slices of the sum. Nothing is sent.
struct NodeReduction {
  private let rank: Int
  private let worldSize: Int
  private let count: Int
  private let sums: [TensorStorage]
  private let folding: Folding
  private let memory: any NodeMemory
  /// Elements of the largest block; a segment has room for two of every piece and of the sum.
  private let blockLength: Int

  /// - Returns: nil if the segments are too small for that many pieces.
  init?(plan: MicroBatchPlan, count: Int, sums: [TensorStorage], memory: any NodeMemory) {
    rank = plan.rank
    worldSize = plan.worldSize
    self.count = count
    self.sums = sums
    self.memory = memory
    folding = Folding(plan)
    let vectors = 2 * ((folding.slots.map(\.count).max() ?? 0) + 1)
    blockLength = memory.segmentBytes / 4 / vectors / SlicePlan.alignment * SlicePlan.alignment
    guard blockLength > 0 else { return nil }
  }

  /// Writes the sum over all micro-batches to `result`, which has room for all elements.
  func run(into result: UnsafeMutablePointer<Float>) throws(CommunicationError) {
    let blocks = (count + blockLength - 1) / blockLength
    guard blocks > 0 else { return }
    offer(block: 0)
    try memory.synchronize()
    for block in 0..<blocks {
      fold(block: block)
      if block + 1 < blocks { offer(block: block + 1) }
      try memory.synchronize()
      collect(block: block, into: result)
    }
  }

  private func range(of block: Int) -> Range<Int> {
    block * blockLength..<min((block + 1) * blockLength, count)
  }

  /// The elements of a block that a rank adds up, counted from the block's first.
  private func slice(of rank: Int, block: Int) -> Range<Int> {
    SlicePlan(count: range(of: block).count, worldSize: worldSize).slice(of: rank)
  }

  /// Where a block of a rank's piece, or behind the last piece that of its sum, lies in its segment.
  private func room(of rank: Int, piece: Int, block: Int) -> UnsafeMutablePointer<Float> {
    memory.segment(of: rank).assumingMemoryBound(to: Float.self) + (2 * piece + block % 2) * blockLength
  }

  private func sumRoom(of rank: Int, block: Int) -> UnsafeMutablePointer<Float> {
    room(of: rank, piece: folding.slots[rank].count, block: block)
  }

  private func offer(block: Int) {
    let range = range(of: block)
    for (piece, sum) in sums.enumerated() {
      room(of: rank, piece: piece, block: block).update(
        from: sum.pointer + range.lowerBound, count: range.count)
    }
  }

  /// Adds up this rank's slice. Of other ranks' pieces only the slice is overwritten, which no other rank reads.
  private func fold(block: Int) {
    let slice = slice(of: rank, block: block)
    let vectors = (0..<worldSize).flatMap { owner in
      folding.slots[owner].indices.map { piece in
        let index = piece - folding.slots[owner].lowerBound
        return owner == rank
          ? sums[index].pointer + range(of: block).lowerBound + slice.lowerBound
          : room(of: owner, piece: index, block: block) + slice.lowerBound
      }
    }
    VectorSum.fold(
      vectors, along: folding.steps, into: sumRoom(of: rank, block: block), count: slice.count)
  }

  private func collect(block: Int, into result: UnsafeMutablePointer<Float>) {
    for owner in 0..<worldSize {
      let slice = slice(of: owner, block: block)
      (result + range(of: block).lowerBound + slice.lowerBound)
        .update(from: sumRoom(of: owner, block: block), count: slice.count)
    }
  }
}
