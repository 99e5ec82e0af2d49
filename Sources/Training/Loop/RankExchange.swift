package import DataParallel
package import MessagePassing
import Platform

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

  /// Where this process runs, as MPI calls it.
  private func processorName() throws -> String {
    switch carrier {
    case .communicator(let communicator): communicator.processorName
    case .thread(let thread): try thread.submit { $0.processorName }.wait()
    }
  }

  /// Has every rank do work that may fail. If any fails, all throw: the first of those that failed its own
  /// error, with its rank and host unless it is rank 0, the others ``CoordinationError/elsewhere(_:)``. One
  /// all-gather of 8 bytes a rank.
  package func together<T>(_ work: () throws -> T) throws -> T {
    let outcome = Result { try work() }
    var status = ExitStatus.done
    if case .failure(let error) = outcome { status = ExitStatus(of: error) }
    let statuses = try allGather([Int(status.rawValue)]).map { $0[0] }
    guard let failed = statuses.firstIndex(where: { $0 != 0 }) else { return try outcome.get() }
    guard failed == rank, case .failure(let error) = outcome else {
      throw CoordinationError.elsewhere(ExitStatus(rawValue: Int32(statuses[failed])) ?? .unexpected)
    }
    guard rank > 0 else { throw error }
    throw CoordinationError.here(rank: rank, host: try processorName(), status, message: "\(error)")
  }

  /// The part of `count` pieces of work that is this rank's; the parts of all ranks are in rank order.
  package func share(of count: Int) -> Range<Int> { share(of: count, for: rank) }

  /// The part of another rank.
  package func share(of count: Int, for rank: Int) -> Range<Int> {
    MicroBatchPlan.share(of: count, for: rank, among: size)
  }
}
