import MessagePassing
import TensorCore

/// The sum of ``PartialSums`` on a single node of which each rank needs a part only, its slice of the vector:
/// the reduce-scatter of ``NodeReduction`` without the gathering. A rank that shares parameters with its node
/// moves only these.
///
/// The slices pass in blocks. For each block a rank puts its pieces of the others' slices into its segment,
/// the ranks meet, and each adds up its own slice in tree order. Nothing is sent.
struct NodeScatter {
  private let rank: Int
  private let sums: [PartialSums.Piece]
  private let memory: any NodeMemory
  private let layout: NodePieces
  /// In rounds of a block each; a segment has room for two blocks of every piece and slice.
  private let slices: SlicePlan

  /// - Precondition: there is one node.
  init(rank: Int, _ layout: NodePieces, count: Int, sums: [PartialSums.Piece], memory: any NodeMemory) {
    precondition(layout.nodes.count == 1, "slices of a node are not sums of all \(layout.nodes.count)")
    self.rank = rank
    self.sums = sums
    self.memory = memory
    self.layout = layout
    slices = SlicePlan(
      count: count, worldSize: layout.mates.count,
      roundLength: memory.blockLength(rooms: 2 * layout.mostPieces * layout.mates.count))
  }

  /// Writes the sum of this rank's slice to where it lies in `result`, which may be the place of the first
  /// piece.
  func run(into result: UnsafeMutablePointer<Float>) throws(CommunicationError) {
    guard slices.rounds > 0 else { return }
    // A mate may still read what another reduction left here.
    try memory.synchronize()
    offer(block: 0)
    for block in 0..<slices.rounds {
      try memory.synchronize()
      if block + 1 < slices.rounds { offer(block: block + 1) }
      fold(block: block, into: result)
    }
    // Not before all have read what was offered may the segments have something else.
    try memory.synchronize()
  }

  /// Where a block of a rank's piece, for the slice of another, lies in its segment.
  private func room(of rank: Int, piece: Int, for position: Int, block: Int) -> UnsafeMutablePointer<Float> {
    memory.segment(of: rank).assumingMemoryBound(to: Float.self)
      + ((2 * piece + block % 2) * layout.mates.count + position) * slices.roundLength
  }

  private func offer(block: Int) {
    for position in layout.mates.indices where position != layout.own.position {
      let range = slices.part(of: position, round: block)
      for (piece, sum) in sums.enumerated() {
        room(of: rank, piece: piece, for: position, block: block)
          .update(from: sum.pointer + range.lowerBound, count: range.count)
      }
    }
  }

  private func fold(block: Int, into result: UnsafeMutablePointer<Float>) {
    let position = layout.own.position
    let range = slices.part(of: position, round: block)
    let vectors = layout.owning.places.compactMap { $0 }.map { place in
      place.rank == rank
        ? sums[place.piece].pointer + range.lowerBound
        : room(of: place.rank, piece: place.piece, for: position, block: block)
    }
    VectorSum.fold(
      vectors, along: layout.owning.folding.steps, into: result + range.lowerBound, count: range.count)
  }
}
