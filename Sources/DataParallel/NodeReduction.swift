import MessagePassing
import TensorCore

/// The reduction of ``PartialSums`` where ranks share memory with others of their node.
///
/// The vector passes in blocks. A block is cut into one slice for each node, and this into one part for each
/// of the node's ranks, its owner. On every other node one rank carries the part. For each block
///
/// 1. each rank puts its pieces into its segment, and the ranks of a node meet (they do so once before the
///    first block too, after which nobody reads what was there before);
/// 2. the carriers of a part add up the pieces of their nodes, as far as the tree goes, and send that to its
///    owner;
/// 3. the owner adds this to the pieces in its node's memory, in tree order, and sends the sum to the
///    carriers;
/// 4. the ranks of a node meet, and each copies the sums of all parts from the memory of their owners and
///    carriers.
///
/// Blocks overlap: the sums of one travel with the pieces of the next. On one node nothing is sent.
///
/// In ``WireFormat/bfloat16`` what travels is rounded, and so are the pieces of the owner's node and its copy
/// of the sum, so that all ranks have the same one whoever owns which part.
package struct NodeReduction {
  private static let pieceTag = 3
  private static let sumTag = 4

  private let rank: Int
  private let count: Int
  private let sums: [PartialSums.Piece]
  private let memory: any NodeMemory
  private let layout: NodePieces
  /// Elements of the largest block.
  private let blockLength: Int
  /// Of other nodes: what this rank carries to the owners, and what came for the part that it owns.
  private let outgoing: TensorStorage
  private let incoming: TensorStorage
  private let format: WireFormat
  /// Where numbers are rounded: the pieces of this node, the own sum, the sums that this rank carries.
  private let rounding: TensorStorage

  init(
    rank: Int, _ layout: NodePieces, count: Int, sums: [PartialSums.Piece], memory: any NodeMemory,
    as format: WireFormat
  ) {
    self.rank = rank
    self.format = layout.nodes.count == 1 ? .float32 : format
    self.count = count
    self.sums = sums
    self.memory = memory
    self.layout = layout
    blockLength = memory.blockLength(rooms: Self.vectors(pieces: layout.mostPieces))
    let largest = min(blockLength, count)
    outgoing = TensorStorage(count: layout.nodes.count == 1 ? 0 : largest * layout.nodePieces.count)
    // Cutting twice may add two cache lines to a part.
    let part = largest / layout.nodes.count / layout.mates.count + 2 * SlicePlan.alignment
    incoming = TensorStorage(count: part * layout.foreignPieceCount)
    rounding = TensorStorage(
      count: self.format == .float32
        ? 0 : max(part * layout.nodePieces.count, part + largest))
  }

  /// How many blocks a segment has room for where a rank has so many pieces: two of every piece and three of
  /// the sum.
  package static func vectors(pieces: Int) -> Int { 2 * pieces + 3 }

  /// Writes the sum over all micro-batches to `result`, which has room for all elements.
  func run(
    over communicator: any Communicator, into result: UnsafeMutablePointer<Float>
  ) throws(CommunicationError) {
    let blocks = (count + blockLength - 1) / blockLength
    guard blocks > 0 else { return }
    // The sums of a block lie in all segments one meeting after they were added, or were received.
    let lag = layout.nodes.count == 1 ? 1 : 2
    // A mate may still read what another reduction, with other places for pieces and sums, left here.
    try memory.synchronize()
    offer(block: 0)
    for turn in 0..<blocks + lag {
      try memory.synchronize()
      if layout.nodes.count > 1 {
        let added = turn - 1
        try exchange(
          pieces: turn < blocks ? turn : nil, sums: 0..<blocks ~= added ? added : nil, over: communicator)
      }
      if turn < blocks { fold(block: turn) }
      if turn + 1 < blocks { offer(block: turn + 1) }
      if turn >= lag { collect(block: turn - lag, into: result) }
    }
  }

  private func range(of block: Int) -> Range<Int> {
    block * blockLength..<min((block + 1) * blockLength, count)
  }

  private func parts(of block: Int) -> NodePieces.Parts { layout.parts(of: range(of: block).count) }

  /// Where a block of a rank's piece lies in its segment.
  private func room(of rank: Int, piece: Int, block: Int) -> UnsafeMutablePointer<Float> {
    memory.segment(of: rank).assumingMemoryBound(to: Float.self) + (2 * piece + block % 2) * blockLength
  }

  /// Where a block of the sums that a rank has lies in its segment.
  private func sumRoom(of rank: Int, block: Int) -> UnsafeMutablePointer<Float> {
    memory.segment(of: rank).assumingMemoryBound(to: Float.self)
      + (2 * layout.mostPieces + block % 3) * blockLength
  }

  private func offer(block: Int) {
    let range = range(of: block)
    for (piece, sum) in sums.enumerated() {
      room(of: rank, piece: piece, block: block).update(
        from: sum.pointer + range.lowerBound, count: range.count)
    }
  }

  /// A piece of a rank of this node, from an element of a block on.
  private func vector(_ place: NodePieces.Place, block: Int, from start: Int) -> UnsafeMutablePointer<Float> {
    place.rank == rank
      ? sums[place.piece].pointer + range(of: block).lowerBound + start
      : room(of: place.rank, piece: place.piece, block: block) + start
  }

  /// Sends this node's pieces of a block to the owners of its parts and receives those of other nodes for the
  /// own part; sends the sum of the own part of another block and receives those of the parts that this rank
  /// carries.
  private func exchange(
    pieces: Int?, sums added: Int?, over communicator: any Communicator
  ) throws(CommunicationError) {
    var sends: [OutgoingMessage] = []
    var receives: [IncomingMessage] = []
    var packed: [Packed] = []
    if let pieces {
      sends += sendPieces(block: pieces)
      receives += receivePieces(block: pieces)
    }
    if let added {
      var room = Room(rounding)
      sends += sendSum(block: added, packing: &room)
      receives += receiveSums(block: added, packing: &room, noting: &packed)
    }
    try communicator.exchange(sends: sends, receives: receives)
    for sum in packed { BrainFloat.unpack(sum.source, into: sum.target, count: sum.count) }
  }

  /// A sum that arrives as numbers of 16 bits, and where it belongs.
  private struct Packed {
    let source: UnsafeMutablePointer<Float>
    let target: UnsafeMutablePointer<Float>
    let count: Int
  }

  /// This node's pieces of the parts that this rank carries, to their owners.
  private func sendPieces(block: Int) -> [OutgoingMessage] {
    let parts = parts(of: block)
    var room = Room(outgoing)
    var messages: [OutgoingMessage] = []
    for part in layout.carried {
      let range = parts.range(of: part)
      for (folding, places) in layout.carrying where !range.isEmpty {
        let piece = room.take(range.count)
        // Of other ranks' pieces only this part is overwritten, which no other rank reads.
        VectorSum.fold(
          places.map { vector($0, block: block, from: range.lowerBound) }, along: folding.steps,
          into: piece, count: range.count)
        if format == .bfloat16 { BrainFloat.pack(piece, into: piece, count: range.count) }
        messages.append(
          OutgoingMessage(
            to: layout.owner(of: part), tag: Self.pieceTag, piece, count: range.count, as: format))
      }
    }
    return messages
  }

  /// Other nodes' pieces of the own part, from their carriers.
  private func receivePieces(block: Int) -> [IncomingMessage] {
    let own = parts(of: block).range(of: layout.own)
    if own.isEmpty { return [] }
    var room = Room(incoming)
    return layout.carriers.flatMap { node, carrier in
      layout.pieces[node].map { _ in
        IncomingMessage(from: carrier, tag: Self.pieceTag, room.take(own.count), count: own.count, as: format)
      }
    }
  }

  /// The sum of the own part, to its carriers.
  private func sendSum(block: Int, packing room: inout Room) -> [OutgoingMessage] {
    let own = parts(of: block).range(of: layout.own)
    if own.isEmpty { return [] }
    var sum = sumRoom(of: rank, block: block) + own.lowerBound
    if format == .bfloat16 {
      let packed = room.take(own.count)
      BrainFloat.pack(sum, into: packed, count: own.count)
      sum = packed
    }
    return layout.carriers.map { _, carrier in
      OutgoingMessage(to: carrier, tag: Self.sumTag, sum, count: own.count, as: format)
    }
  }

  /// The sums of the parts that this rank carries, from their owners.
  private func receiveSums(
    block: Int, packing room: inout Room, noting packed: inout [Packed]
  ) -> [IncomingMessage] {
    let parts = parts(of: block)
    var messages: [IncomingMessage] = []
    for part in layout.carried {
      let range = parts.range(of: part)
      if range.isEmpty { continue }
      var target = sumRoom(of: rank, block: block) + range.lowerBound
      if format == .bfloat16 {
        packed.append(Packed(source: room.take(range.count), target: target, count: range.count))
        target = packed.last!.source
      }
      messages.append(
        IncomingMessage(
          from: layout.owner(of: part), tag: Self.sumTag, target, count: range.count, as: format))
    }
    return messages
  }

  /// Adds up the part that this rank owns.
  private func fold(block: Int) {
    let own = parts(of: block).range(of: layout.own)
    let sum = sumRoom(of: rank, block: block) + own.lowerBound
    var room = Room(incoming)
    func arrived() -> UnsafeMutablePointer<Float> {
      let piece = room.take(own.count)
      if format == .bfloat16 { BrainFloat.unpack(piece, into: piece, count: own.count) }
      return piece
    }
    switch format {
    case .float32:
      let vectors = layout.owning.places.map { place in
        place.map { vector($0, block: block, from: own.lowerBound) } ?? arrived()
      }
      VectorSum.fold(vectors, along: layout.owning.folding.steps, into: sum, count: own.count)
    case .bfloat16:
      let vectors = layout.pieces.indices.flatMap { node in
        node == layout.own.node
          ? roundedPieces(of: own, block: block) : layout.pieces[node].map { _ in arrived() }
      }
      VectorSum.fold(vectors, along: layout.between.steps, into: sum, count: own.count)
      BrainFloat.round(sum, count: own.count)
    }
  }

  /// This node's pieces of some elements of a block, as another node would get them.
  private func roundedPieces(of range: Range<Int>, block: Int) -> [UnsafeMutablePointer<Float>] {
    var room = Room(rounding)
    return layout.carrying.map { carrying in
      let target = room.take(range.count)
      VectorSum.fold(
        carrying.places.map { vector($0, block: block, from: range.lowerBound) },
        along: carrying.folding.steps, into: target, count: range.count)
      BrainFloat.round(target, count: range.count)
      return target
    }
  }

  private func collect(block: Int, into result: UnsafeMutablePointer<Float>) {
    let parts = parts(of: block)
    for (part, holder) in layout.holders {
      let range = parts.range(of: part)
      (result + self.range(of: block).lowerBound + range.lowerBound)
        .update(from: sumRoom(of: holder, block: block) + range.lowerBound, count: range.count)
    }
  }
}
