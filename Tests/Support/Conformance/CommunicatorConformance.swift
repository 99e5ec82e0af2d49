import Glibc
package import MessagePassing
import Platform

/// What every ``Communicator`` must do, whatever carries its messages. Each check is entered by all ranks and
/// throws on the rank where it does not hold.
package enum CommunicatorConformance {
  package typealias Check = @Sendable (any Communicator) throws -> Void

  /// The checks by the claim they hold a communicator to.
  package static let checks: [(claim: String, check: Check)] = [
    ("a rank has its number and its node a name", identity),
    ("no rank leaves a barrier before the last has entered", barrier),
    ("a broadcast brings the bytes of rank 0 to all, whatever these have", broadcast),
    ("an all-gather keeps rank order and every length", allGather),
    ("a large all-gather arrives whole", largeAllGather),
    ("numbers gather in rank order, as many as a rank has", numbers),
    ("everyone exchanges with everyone, itself included", exchangeAll),
    ("messages of one tag keep their order, tags keep apart", ordering),
    ("empty messages and empty exchanges are messages", emptyMessages),
    ("a message of several megabytes arrives whole", largeMessage),
    ("the majority is the reference", majority),
    ("ranks of one node know each other", nodes),
    ("what a rank writes to shared memory all of its node read after they have met", sharedMemory),
    ("more memory of a node is zero at first, and is the same for all of its ranks", moreSharedMemory),
  ]

  /// Runs all checks, one after another.
  package static func run(on communicator: any Communicator) throws {
    for (claim, check) in checks {
      do {
        try check(communicator)
      } catch let failure as ConformanceFailure {
        throw ConformanceFailure(description: "\(claim): \(failure) (rank \(communicator.rank))")
      }
    }
  }

  private static func identity(_ communicator: any Communicator) throws {
    try require(0..<communicator.size ~= communicator.rank, "rank \(communicator.rank) is outside")
    let ranks = try communicator.allGather(communicator.rank)
    try require(ranks == Array(0..<communicator.size), "the ranks are \(ranks)")
    try require(!communicator.processorName.isEmpty, "the node has no name")
  }

  private static func sharedMemory(_ communicator: any Communicator) throws {
    guard let memory = try communicator.nodeMemory() else { return }
    let count = 5000
    try require(
      memory.nodes.flatMap { $0 }.sorted() == Array(0..<communicator.size), "the nodes are \(memory.nodes)")
    let mates = memory.nodes.first { $0.contains(communicator.rank) } ?? []
    for round in 0..<50 {
      memory.segment(of: communicator.rank).copyMemory(
        from: pattern(count: count, seed: 100 * round + communicator.rank), byteCount: count)
      try memory.synchronize()
      for rank in mates {
        let bytes = UnsafeRawBufferPointer(start: memory.segment(of: rank), count: count)
        try require(
          bytes.elementsEqual(pattern(count: count, seed: 100 * round + rank)),
          "round \(round): the segment of rank \(rank) is wrong")
      }
      try memory.synchronize()
    }
  }

  private static func moreSharedMemory(_ communicator: any Communicator) throws {
    guard let memory = try communicator.nodeMemory() else { return }
    let count = 100_000
    let (index, mates) = memory.position(of: communicator.rank)
    for round in 0..<3 {
      guard let shared = try memory.share(bytes: mates * count) else {
        throw ConformanceFailure(description: "no memory is to be had")
      }
      let bytes = UnsafeMutableRawBufferPointer(start: shared.pointer, count: shared.count)
      try require(bytes.allSatisfy { $0 == 0 }, "round \(round): the memory is not zero at first")
      try memory.synchronize()
      bytes[index * count..<(index + 1) * count].copyBytes(from: pattern(count: count, seed: round + index))
      try memory.synchronize()
      shared.forget()
      for mate in 0..<mates {
        try require(
          bytes[mate * count..<(mate + 1) * count].elementsEqual(pattern(count: count, seed: round + mate)),
          "round \(round): the part of mate \(mate) is wrong")
      }
      try memory.synchronize()
    }
  }

  private static func barrier(_ communicator: any Communicator) throws {
    for round in 0..<communicator.size {
      if communicator.rank == round { usleep(5000) }
      let before = MonotonicClock.seconds
      try communicator.barrier()
      let after = MonotonicClock.seconds
      let (entered, left) = try (communicator.allGather(before), communicator.allGather(after))
      try require(left.min()! >= entered.max()!, "round \(round): entered at \(entered), left at \(left)")
    }
  }

  private static func broadcast(_ communicator: any Communicator) throws {
    for count in [0, 1, 1000, 300_001] {
      let own = pattern(count: communicator.rank == 0 ? count : 7, seed: communicator.rank)
      let got = try communicator.broadcast(own)
      try require(got == pattern(count: count, seed: 0), "\(count) bytes of rank 0 are wrong")
    }
  }

  private static func allGather(_ communicator: any Communicator) throws {
    for scale in [0, 1, 7, 40, 5000] {
      let all = try communicator.allGather(pattern(count: scale * communicator.rank, seed: communicator.rank))
      let expected = (0..<communicator.size).map { pattern(count: scale * $0, seed: $0) }
      try require(all == expected, "lengths \(all.map(\.count)) or their bytes are wrong")
    }
  }

  private static func largeAllGather(_ communicator: any Communicator) throws {
    // Of the shorter ones two together are above the limit of a part that a test sets, and one is not.
    for count in [40_000, 1_000_003] {
      let all = try communicator.allGather(pattern(count: count, seed: communicator.rank))
      for (rank, bytes) in all.enumerated() {
        try require(bytes == pattern(count: count, seed: rank), "\(count) bytes of rank \(rank) are wrong")
      }
    }
  }

  private static func numbers(_ communicator: any Communicator) throws {
    let last = communicator.size - 1
    let value = -3 * communicator.rank
    try require(try communicator.minimum(of: value) == -3 * last, "the minimum is wrong")
    try require(try communicator.maximum(of: value) == 0, "the maximum is wrong")
    let lists = try communicator.allGather((0..<communicator.rank).map { Float($0) + 0.5 })
    try require(
      lists == (0..<communicator.size).map { (0..<$0).map { Float($0) + 0.5 } }, "the lists are \(lists)")
    let extremes = try communicator.allGather(communicator.rank == 0 ? Int.min : Int.max)
    try require(extremes[0] == .min && extremes.dropFirst().allSatisfy { $0 == .max }, "extremes are lost")
  }

  private static func majority(_ communicator: any Communicator) throws {
    let odd = communicator.size - 1
    let own: [UInt8] = communicator.rank == odd ? [1] : [2]
    let agreement = try communicator.agreement(on: own)
    switch communicator.size {
    case 1: try require(agreement.dissenters.isEmpty, "a rank disagrees with itself")
    default: try require(agreement.dissenters == [odd], "\(agreement.dissenters) dissent instead of \(odd)")
    }
  }

  private static func nodes(_ communicator: any Communicator) throws {
    let layout = try communicator.nodeLayout()
    try require(layout.nodeOfRank.count == communicator.size, "the layout misses a rank")
    let mates = layout.ranks(onNode: layout.nodeOfRank[communicator.rank])
    try require(mates.count == layout.localSize(of: communicator.rank), "the local size is wrong")
    try require(mates.contains(communicator.rank), "a rank is not on its node")
  }

  /// Bytes that differ from rank to rank and from place to place.
  static func pattern(count: Int, seed: Int) -> [UInt8] {
    var state = UInt32(truncatingIfNeeded: seed &* 7919 &+ 1)
    return (0..<count).map { _ in
      state = state &* 1_664_525 &+ 1_013_904_223
      return UInt8(truncatingIfNeeded: state >> 24)
    }
  }
}
