package import DataParallel
package import MessagePassing

/// What ranks tell each other outside of turns: all-gathers, in the order in which all ranks ask for them.
package struct RankExchange {
  /// This process's number.
  package let rank: Int
  /// The number of ranks.
  package let size: Int
  private let carrier: Carrier
  /// Called between pieces of long work, for somebody who waits for signs of it.
  package var noteProgress: @Sendable () -> Void = {}

  private enum Carrier {
    case communicator(any Communicator)
    case thread(CommunicationThread)
  }

  /// Over a communicator of the calling thread.
  package init(_ communicator: any Communicator) {
    rank = communicator.rank
    size = communicator.size
    carrier = .communicator(communicator)
  }

  /// Over the communication thread, after all that was submitted to it.
  package init(_ thread: CommunicationThread) {
    rank = thread.rank
    size = thread.size
    carrier = .thread(thread)
  }

  /// The numbers of every rank, in rank order: their bytes to every other rank. The counts may differ.
  package func allGather<Number: BitwiseCopyable & Sendable>(_ numbers: [Number]) throws -> [[Number]] {
    guard size > 1 else { return [numbers] }
    return switch carrier {
    case .communicator(let communicator): try communicator.allGather(numbers)
    case .thread(let thread): try thread.submit { try $0.allGather(numbers) }.wait()
    }
  }

  /// The numbers of rank 0 on every rank; those of the others are ignored: their bytes to every other rank.
  package func broadcast<Number: BitwiseCopyable & Sendable>(_ numbers: [Number]) throws -> [Number] {
    try allGather(rank == 0 ? numbers : [])[0]
  }

  /// The part of `count` pieces of work that is this rank's; the parts of all ranks are in rank order.
  package func share(of count: Int) -> Range<Int> { share(of: count, for: rank) }

  /// The part of another rank.
  package func share(of count: Int, for rank: Int) -> Range<Int> {
    MicroBatchPlan.share(of: count, for: rank, among: size)
  }
}
