package import MessagePassing
import TensorCore

/// The nodes of a communicator as workers, each of which has one vector, the same on all of its ranks.
///
/// Within a node vectors pass through the memory that its ranks share; between nodes the first rank of each
/// speaks for it. Every use of the memory begins and ends with a meeting, so it does not matter how it is
/// used before and after.
package struct NodeWorkers: Sendable {
  private static let pieceTag = 5
  private static let sumTag = 6

  private let rank: Int
  private let layout: NodePieces

  /// - Parameter nodes: the ranks of each node.
  /// - Precondition: the ranks of a node follow each other.
  package init(_ plan: MicroBatchPlan, nodes: [[Int]]) {
    guard let layout = NodePieces(plan, nodes: nodes) else {
      preconditionFailure("the ranks of a node do not follow each other: \(nodes)")
    }
    rank = plan.rank
    self.layout = layout
  }

  /// The number of nodes.
  package var count: Int { layout.nodes.count }

  // MARK: - Within a node

  /// Writes the sum over this node's micro-batches: the node's pieces of the ``CanonicalTree``, added from
  /// the left. Nothing is sent.
  /// - Parameter result: room for `sums.count` elements.
  package func sum(
    _ sums: PartialSums, into result: UnsafeMutablePointer<Float>, over communicator: any Communicator
  ) throws(CommunicationError) {
    guard let memory = try communicator.nodeMemory() else {
      return fold(into: result, count: sums.count) { sums.pieces[$0.piece].pointer }
    }
    let pieces = layout.mostPieces
    let length = memory.blockLength(rooms: pieces + 1)
    func room(of rank: Int, piece: Int) -> UnsafeMutablePointer<Float> {
      memory.segment(of: rank).assumingMemoryBound(to: Float.self) + piece * length
    }
    try memory.synchronize()
    for start in stride(from: 0, to: sums.count, by: length) {
      let count = min(length, sums.count - start)
      let slices = SlicePlan(count: count, worldSize: layout.mates.count)
      for (index, piece) in sums.pieces.enumerated() {
        room(of: rank, piece: index).update(from: piece.pointer + start, count: count)
      }
      try memory.synchronize()
      let own = slices.slice(of: layout.own.position)
      // Of other ranks' pieces only this slice is overwritten, which no other rank reads.
      fold(into: room(of: rank, piece: pieces) + own.lowerBound, count: own.count) { place in
        place.rank == rank
          ? sums.pieces[place.piece].pointer + start + own.lowerBound
          : room(of: place.rank, piece: place.piece) + own.lowerBound
      }
      try memory.synchronize()
      for (position, mate) in layout.mates.enumerated() {
        let slice = slices.slice(of: position)
        (result + start + slice.lowerBound)
          .update(from: room(of: mate, piece: pieces) + slice.lowerBound, count: slice.count)
      }
    }
    try memory.synchronize()
  }

  /// Adds up the pieces of this node.
  private func fold(
    into sum: UnsafeMutablePointer<Float>, count: Int,
    _ vector: (NodePieces.Place) -> UnsafeMutablePointer<Float>
  ) {
    let next = TensorStorage(count: layout.carrying.count > 1 ? count : 0)
    for (index, (folding, places)) in layout.carrying.enumerated() {
      VectorSum.fold(
        places.map(vector), along: folding.steps, into: index == 0 ? sum : next.pointer, count: count)
      if index > 0 { VectorSum.add(sum, next.pointer, into: sum, count: count) }
    }
  }

  // MARK: - Between nodes

  /// Adds up the vectors of all nodes in the order of the nodes, where they are.
  ///
  /// A reduce-scatter, then an all-gather, between the first ranks of *M* nodes: each sends `2 (M - 1)`
  /// messages, for a vector of *N* numbers `8 N (M - 1) / M` bytes. The others send nothing.
  package func addUp(
    _ values: UnsafeMutablePointer<Float>, count: Int, over communicator: any Communicator
  ) throws(CommunicationError) {
    guard self.count > 1, count > 0 else { return }
    try exchange(values, count: count, over: communicator)
    guard let memory = try communicator.nodeMemory() else { return }
    let first = layout.mates[0]
    let shared = memory.segment(of: first).assumingMemoryBound(to: Float.self)
    let length = memory.segmentBytes / 4
    try memory.synchronize()
    for start in stride(from: 0, to: count, by: length) {
      let length = min(length, count - start)
      if rank == first { shared.update(from: values + start, count: length) }
      try memory.synchronize()
      if rank != first { (values + start).update(from: shared, count: length) }
      try memory.synchronize()
    }
  }

  private func exchange(
    _ values: UnsafeMutablePointer<Float>, count: Int, over communicator: any Communicator
  ) throws(CommunicationError) {
    let isFirst = rank == layout.mates[0]
    let slices = SlicePlan(count: count, worldSize: self.count)
    let own = slices.slice(of: layout.own.node)
    let others = isFirst ? layout.nodes.indices.filter { $0 != layout.own.node } : []
    let staging = TensorStorage(count: others.count * own.count)
    var vectors = [values + own.lowerBound]
    var sends: [OutgoingMessage] = []
    var receives: [IncomingMessage] = []
    func send(_ slice: Range<Int>, to node: Int, tag: Int) {
      guard !slice.isEmpty else { return }
      sends.append(
        OutgoingMessage(
          to: layout.nodes[node][0], tag: tag, values + slice.lowerBound, count: slice.count, as: .float32))
    }
    func receive(_ count: Int, at target: UnsafeMutablePointer<Float>, from node: Int, tag: Int) {
      guard count > 0 else { return }
      receives.append(
        IncomingMessage(from: layout.nodes[node][0], tag: tag, target, count: count, as: .float32))
    }
    for (index, node) in others.enumerated() {
      let arriving = staging.pointer + index * own.count
      vectors.insert(arriving, at: node < layout.own.node ? vectors.count - 1 : vectors.count)
      send(slices.slice(of: node), to: node, tag: Self.pieceTag)
      receive(own.count, at: arriving, from: node, tag: Self.pieceTag)
    }
    try communicator.exchange(sends: sends, receives: receives)
    if isFirst {
      let steps = (1..<self.count).map { VectorSum.Step(left: 0, right: $0, sum: 0) }
      VectorSum.fold(vectors, along: steps, into: values + own.lowerBound, count: own.count)
    }
    (sends, receives) = ([], [])
    for node in others {
      send(own, to: node, tag: Self.sumTag)
      let slice = slices.slice(of: node)
      receive(slice.count, at: values + slice.lowerBound, from: node, tag: Self.sumTag)
    }
    try communicator.exchange(sends: sends, receives: receives)
  }
}
