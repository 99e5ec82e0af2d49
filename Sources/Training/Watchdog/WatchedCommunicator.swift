package import MessagePassing

/// A communicator of the training thread that says on a board when it waits for the other ranks, so that of
/// ranks that stand still the one is named which has not come.
package final class WatchedCommunicator: Communicator {
  private let base: any Communicator
  private let board: ProgressBoard

  /// This process's number.
  package var rank: Int { base.rank }
  /// The number of ranks.
  package var size: Int { base.size }
  /// The name of the node this rank runs on.
  package var processorName: String { base.processorName }

  /// Communicates over `base`.
  package init(_ base: any Communicator, telling board: ProgressBoard) {
    self.base = base
    self.board = board
  }

  /// Returns when every rank has entered.
  package func barrier() throws(CommunicationError) {
    try board.during(.gathering) { () throws(CommunicationError) in try base.barrier() }
  }

  /// The bytes of every rank, in rank order.
  package func allGather(_ bytes: [UInt8]) throws(CommunicationError) -> [[UInt8]] {
    try board.during(.gathering) { () throws(CommunicationError) in try base.allGather(bytes) }
  }

  /// Returns when all messages are done.
  package func exchange(
    sends: [OutgoingMessage], receives: [IncomingMessage]
  ) throws(CommunicationError) {
    try board.during(.gathering) { () throws(CommunicationError) in
      try base.exchange(sends: sends, receives: receives)
    }
  }

  /// That of the other communicator, whose waits are not told of.
  package func nodeMemory() throws(CommunicationError) -> (any NodeMemory)? {
    try board.during(.gathering) { () throws(CommunicationError) in try base.nodeMemory() }
  }
}
