import MessagePassing
import TensorCore

/// One run of the reduction that ``PartialSums`` describes.
///
/// In ``WireFormat/bfloat16`` every rank counts as a node: its own pieces are rounded as those of others are.
struct Reduction {
  private static let pieceTag = 1
  private static let sumTag = 2

  private let rank: Int
  private let worldSize: Int
  private let slices: SlicePlan
  private let sums: [PartialSums.Piece]
  private let folding: Folding
  private let staging: TensorStorage
  private let format: WireFormat
  /// Where numbers are rounded: the pieces and the sum that are sent in a round, then the own pieces.
  private let rounding: TensorStorage

  init(
    plan: MicroBatchPlan, _ folding: Folding, slices: SlicePlan, sums: [PartialSums.Piece],
    as format: WireFormat
  ) {
    self.format = format
    rank = plan.rank
    worldSize = plan.worldSize
    self.slices = slices
    self.sums = sums
    self.folding = folding
    let room = min(slices.roundLength, slices.slice(of: plan.rank).count)
    staging = TensorStorage(count: (folding.count - sums.count) * room)
    let longest = (0..<plan.worldSize).map { slices.slice(of: $0).count }.max() ?? 0
    rounding = TensorStorage(
      count: format == .float32
        ? 0 : (sums.count * plan.worldSize + 1) * min(slices.roundLength, longest))
    precondition(folding.slots[rank].count == sums.count, "a rank holds one sum per piece")
  }

  /// Round *k* brings the pieces of part *k* to its owner and the sums of part *k - 1* to everyone.
  func run(
    over communicator: any Communicator, into result: UnsafeMutablePointer<Float>
  ) throws(CommunicationError) {
    let rounds = slices.rounds
    guard rounds > 0 else { return }
    if worldSize == 1 {
      result.update(from: sums[0].pointer, count: slices.count)
      return
    }
    for round in 0...rounds {
      var sends: [OutgoingMessage] = []
      var receives: [IncomingMessage] = []
      var room = Room(rounding)
      if round < rounds { scatter(round: round, packing: &room, sends: &sends, receives: &receives) }
      if round > 0 {
        gather(round: round - 1, result, packing: &room, sends: &sends, receives: &receives)
      }
      try communicator.exchange(sends: sends, receives: receives)
      if round > 0, format == .bfloat16 { unpackSums(round: round - 1, in: result) }
      if round < rounds { fold(round: round, into: result) }
    }
  }

  /// The pieces of other ranks arrive one after another in slot order.
  private func stagingOffset(ofSlot slot: Int, length: Int) -> Int {
    (slot < folding.slots[rank].lowerBound ? slot : slot - folding.slots[rank].count) * length
  }

  private func scatter(
    round: Int, packing room: inout Room, sends: inout [OutgoingMessage], receives: inout [IncomingMessage]
  ) {
    let own = slices.part(of: rank, round: round)
    for other in others where !own.isEmpty {
      for slot in folding.slots[other] {
        let arriving = staging.pointer + stagingOffset(ofSlot: slot, length: own.count)
        receives.append(
          IncomingMessage(from: other, tag: Self.pieceTag, arriving, count: own.count, as: format))
      }
    }
    for other in others {
      let part = slices.part(of: other, round: round)
      for sum in sums where !part.isEmpty {
        var sent = sum.pointer + part.lowerBound
        if format == .bfloat16 {
          let packed = room.take(part.count)
          BrainFloat.pack(sent, into: packed, count: part.count)
          sent = packed
        }
        sends.append(
          OutgoingMessage(to: other, tag: Self.pieceTag, sent, count: part.count, as: format))
      }
    }
  }

  private func gather(
    round: Int, _ result: UnsafeMutablePointer<Float>, packing room: inout Room,
    sends: inout [OutgoingMessage], receives: inout [IncomingMessage]
  ) {
    let own = slices.part(of: rank, round: round)
    var sent = result + own.lowerBound
    if format == .bfloat16 {
      let packed = room.take(own.count)
      BrainFloat.pack(sent, into: packed, count: own.count)
      sent = packed
    }
    for other in others {
      let part = slices.part(of: other, round: round)
      if !part.isEmpty {
        receives.append(
          IncomingMessage(
            from: other, tag: Self.sumTag, result + part.lowerBound, count: part.count, as: format))
      }
      if !own.isEmpty {
        sends.append(OutgoingMessage(to: other, tag: Self.sumTag, sent, count: own.count, as: format))
      }
    }
  }

  private func fold(round: Int, into result: UnsafeMutablePointer<Float>) {
    let part = slices.part(of: rank, round: round)
    var room = Room(rounding)
    let vectors = (0..<folding.count).map { slot in
      guard folding.slots[rank].contains(slot) else {
        let arrived = staging.pointer + stagingOffset(ofSlot: slot, length: part.count)
        if format == .bfloat16 { BrainFloat.unpack(arrived, into: arrived, count: part.count) }
        return arrived
      }
      let own = sums[slot - folding.slots[rank].lowerBound].pointer + part.lowerBound
      guard format == .bfloat16 else { return own }
      let rounded = room.take(part.count)
      rounded.update(from: own, count: part.count)
      BrainFloat.round(rounded, count: part.count)
      return rounded
    }
    let sum = result + part.lowerBound
    VectorSum.fold(vectors, along: folding.steps, into: sum, count: part.count)
    if format == .bfloat16 { BrainFloat.round(sum, count: part.count) }
  }

  /// The sums of a round have come to where they belong, as numbers of 16 bits.
  private func unpackSums(round: Int, in result: UnsafeMutablePointer<Float>) {
    for other in others {
      let part = slices.part(of: other, round: round)
      BrainFloat.unpack(result + part.lowerBound, into: result + part.lowerBound, count: part.count)
    }
  }

  /// All other ranks, beginning with the next, so that no rank is everyone's first target.
  private var others: [Int] {
    (1..<worldSize).map { (rank + $0) % worldSize }
  }
}
