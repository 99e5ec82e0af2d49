import MessagePassing
import TensorCore

/// One run of the reduction that ``PartialSums`` describes.
struct Reduction {
  private static let pieceTag = 1
  private static let sumTag = 2

  private let rank: Int
  private let worldSize: Int
  private let slices: SlicePlan
  private let sums: [TensorStorage]
  /// For every rank, the slots of its pieces; slots are in leaf order over all ranks.
  private let slots: [Range<Int>]
  private let steps: [VectorSum.Step]
  private let staging: TensorStorage

  init(plan: MicroBatchPlan, slices: SlicePlan, sums: [TensorStorage]) {
    rank = plan.rank
    worldSize = plan.worldSize
    self.slices = slices
    self.sums = sums
    var pieces: [CanonicalTree.Node] = []
    var slots: [Range<Int>] = []
    for rank in 0..<plan.worldSize {
      let own = plan.tree.pieces(of: plan.microBatches(of: rank))
      slots.append(pieces.count..<pieces.count + own.count)
      pieces += own
    }
    self.slots = slots
    steps = Self.steps(for: pieces, sparing: slots[plan.rank])
    let room = min(slices.roundLength, slices.slice(of: plan.rank).count)
    staging = TensorStorage(count: (pieces.count - sums.count) * room)
    precondition(slots[rank].count == sums.count, "a rank holds one sum per piece")
  }

  /// The additions of the owner of a slice. No sum is written over the rank's own pieces, which stay what they were:
  /// own pieces are maximal, so at least one operand of every addition came from another rank.
  private static func steps(for pieces: [CanonicalTree.Node], sparing own: Range<Int>) -> [VectorSum.Step] {
    var place = Array(pieces.indices)
    return CanonicalTree.additions(of: pieces).map { addition in
      let (left, right) = (place[addition.left], place[addition.right])
      place[addition.left] = own.contains(left) ? right : left
      return VectorSum.Step(left: left, right: right, sum: place[addition.left])
    }
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
      if round < rounds { scatter(round: round, sends: &sends, receives: &receives) }
      if round > 0 { gather(round: round - 1, result, sends: &sends, receives: &receives) }
      try communicator.exchange(sends: sends, receives: receives)
      if round < rounds { fold(round: round, into: result) }
    }
  }

  /// The pieces of other ranks arrive one after another in slot order.
  private func stagingOffset(ofSlot slot: Int, length: Int) -> Int {
    (slot < slots[rank].lowerBound ? slot : slot - slots[rank].count) * length
  }

  private func scatter(round: Int, sends: inout [OutgoingMessage], receives: inout [IncomingMessage]) {
    let own = slices.part(of: rank, round: round)
    for other in others where !own.isEmpty {
      for slot in slots[other] {
        let room = staging.pointer + stagingOffset(ofSlot: slot, length: own.count)
        let buffer = UnsafeMutableRawBufferPointer(UnsafeMutableBufferPointer(start: room, count: own.count))
        receives.append(IncomingMessage(from: other, tag: Self.pieceTag, buffer: buffer))
      }
    }
    for other in others {
      let part = slices.part(of: other, round: round)
      for sum in sums where !part.isEmpty {
        sends.append(outgoing(UnsafePointer(sum.pointer), part, to: other, tag: Self.pieceTag))
      }
    }
  }

  private func gather(
    round: Int, _ result: UnsafeMutablePointer<Float>, sends: inout [OutgoingMessage],
    receives: inout [IncomingMessage]
  ) {
    let own = slices.part(of: rank, round: round)
    for other in others {
      let part = slices.part(of: other, round: round)
      if !part.isEmpty {
        let buffer = UnsafeMutableBufferPointer(start: result + part.lowerBound, count: part.count)
        receives.append(
          IncomingMessage(from: other, tag: Self.sumTag, buffer: UnsafeMutableRawBufferPointer(buffer)))
      }
      if !own.isEmpty {
        sends.append(outgoing(UnsafePointer(result), own, to: other, tag: Self.sumTag))
      }
    }
  }

  private func fold(round: Int, into result: UnsafeMutablePointer<Float>) {
    let part = slices.part(of: rank, round: round)
    let vectors = (0..<slots[worldSize - 1].upperBound).map { slot in
      slots[rank].contains(slot)
        ? sums[slot - slots[rank].lowerBound].pointer + part.lowerBound
        : staging.pointer + stagingOffset(ofSlot: slot, length: part.count)
    }
    VectorSum.fold(vectors, along: steps, into: result + part.lowerBound, count: part.count)
  }

  /// All other ranks, beginning with the next, so that no rank is everyone's first target.
  private var others: [Int] {
    (1..<worldSize).map { (rank + $0) % worldSize }
  }

  private func outgoing(
    _ vector: UnsafePointer<Float>, _ part: Range<Int>, to rank: Int, tag: Int
  ) -> OutgoingMessage {
    let buffer = UnsafeBufferPointer(start: vector + part.lowerBound, count: part.count)
    return OutgoingMessage(to: rank, tag: tag, bytes: UnsafeRawBufferPointer(buffer))
  }
}
