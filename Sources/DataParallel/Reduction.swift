import MessagePassing
import TensorCore

/// One run of the reduction that ``PartialSums`` describes.
struct Reduction {
  private static let pieceTag = 1
  private static let sumTag = 2

  private let rank: Int
  private let worldSize: Int
  private let slices: SlicePlan
  private let sums: [PartialSums.Piece]
  private let folding: Folding
  private let staging: TensorStorage

  init(plan: MicroBatchPlan, _ folding: Folding, slices: SlicePlan, sums: [PartialSums.Piece]) {
    rank = plan.rank
    worldSize = plan.worldSize
    self.slices = slices
    self.sums = sums
    self.folding = folding
    let room = min(slices.roundLength, slices.slice(of: plan.rank).count)
    staging = TensorStorage(count: (folding.count - sums.count) * room)
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
      if round < rounds { scatter(round: round, sends: &sends, receives: &receives) }
      if round > 0 { gather(round: round - 1, result, sends: &sends, receives: &receives) }
      try communicator.exchange(sends: sends, receives: receives)
      if round < rounds { fold(round: round, into: result) }
    }
  }

  /// The pieces of other ranks arrive one after another in slot order.
  private func stagingOffset(ofSlot slot: Int, length: Int) -> Int {
    (slot < folding.slots[rank].lowerBound ? slot : slot - folding.slots[rank].count) * length
  }

  private func scatter(round: Int, sends: inout [OutgoingMessage], receives: inout [IncomingMessage]) {
    let own = slices.part(of: rank, round: round)
    for other in others where !own.isEmpty {
      for slot in folding.slots[other] {
        let room = staging.pointer + stagingOffset(ofSlot: slot, length: own.count)
        receives.append(IncomingMessage(from: other, tag: Self.pieceTag, room, count: own.count))
      }
    }
    for other in others {
      let part = slices.part(of: other, round: round)
      for sum in sums where !part.isEmpty {
        sends.append(
          OutgoingMessage(
            to: other, tag: Self.pieceTag, sum.pointer + part.lowerBound, count: part.count))
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
        receives.append(
          IncomingMessage(from: other, tag: Self.sumTag, result + part.lowerBound, count: part.count))
      }
      if !own.isEmpty {
        sends.append(
          OutgoingMessage(to: other, tag: Self.sumTag, result + own.lowerBound, count: own.count))
      }
    }
  }

  private func fold(round: Int, into result: UnsafeMutablePointer<Float>) {
    let part = slices.part(of: rank, round: round)
    let vectors = (0..<folding.count).map { slot in
      folding.slots[rank].contains(slot)
        ? sums[slot - folding.slots[rank].lowerBound].pointer + part.lowerBound
        : staging.pointer + stagingOffset(ofSlot: slot, length: part.count)
    }
    VectorSum.fold(vectors, along: folding.steps, into: result + part.lowerBound, count: part.count)
  }

  /// All other ranks, beginning with the next, so that no rank is everyone's first target.
  private var others: [Int] {
    (1..<worldSize).map { (rank + $0) % worldSize }
  }
}
