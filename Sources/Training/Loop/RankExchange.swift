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
  private let board: ProgressBoard?

  private enum Carrier {
    case communicator(any Communicator)
    case thread(CommunicationThread)
  }

  /// Over a communicator of the calling thread.
  /// - Parameter board: told of signs of progress, and when this rank waits for the others.
  package init(_ communicator: any Communicator, telling board: ProgressBoard? = nil) {
    self.board = board
    rank = communicator.rank
    size = communicator.size
    carrier = .communicator(communicator)
  }

  /// Over the communication thread, after all that was submitted to it.
  package init(_ thread: CommunicationThread, telling board: ProgressBoard? = nil) {
    self.board = board
    rank = thread.rank
    size = thread.size
    carrier = .thread(thread)
  }

  /// The numbers of every rank, in rank order: their bytes to every other rank. The counts may differ.
  package func allGather<Number: BitwiseCopyable & Sendable>(_ numbers: [Number]) throws -> [[Number]] {
    size > 1 ? try perform { try $0.allGather(numbers) } : [numbers]
  }

  /// Has the communicator do what all ranks take part in.
  func perform<T: Sendable>(
    _ work: @escaping @Sendable (any Communicator) throws -> T
  ) throws -> T {
    func perform() throws -> T {
      switch carrier {
      case .communicator(let communicator): try work(communicator)
      case .thread(let thread): try thread.submit(work).wait()
      }
    }
    guard let board else { return try perform() }
    return try board.during(.gathering, perform)
  }

  /// A sign of long work, to be given between its pieces.
  package func noteProgress() { board?.noteProgress() }

  /// The numbers of rank 0 on every rank; those of the others are ignored: their bytes to every other rank.
  package func broadcast<Number: BitwiseCopyable & Sendable>(_ numbers: [Number]) throws -> [Number] {
    try allGather(rank == 0 ? numbers : [])[0]
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
    throw CoordinationError.here(
      rank: rank, host: try perform { $0.processorName }, status, message: "\(error)")
  }

  /// The part of `count` pieces of work that is this rank's; the parts of all ranks are in rank order.
  package func share(of count: Int) -> Range<Int> { share(of: count, for: rank) }

  /// The part of another rank.
  package func share(of count: Int, for rank: Int) -> Range<Int> {
    MicroBatchPlan.share(of: count, for: rank, among: size)
  }
}
