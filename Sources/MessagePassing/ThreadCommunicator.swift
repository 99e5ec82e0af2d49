import Platform

/// A rank that is a thread of this process: a double of the transport for tests and for looking at many ranks
/// in one debugger.
///
/// It is stricter than MPI. A message of the wrong size, collectives that differ, and ranks that wait for
/// each other or for one that has left are errors on every rank that still communicates, never a hang.
public final class ThreadCommunicator: Communicator {
  /// This thread's number, `0 ..< size`.
  public let rank: Int
  /// The number of ranks.
  public let size: Int
  /// The host's name.
  public let processorName: String
  private let world: Monitor<ThreadWorld>
  private let segments: ThreadSegments?

  init(rank: Int, size: Int, world: Monitor<ThreadWorld>, segments: ThreadSegments?) {
    self.segments = segments
    self.rank = rank
    self.size = size
    self.world = world
    processorName = Host.name ?? "localhost"
  }

  /// Returns when every rank has entered.
  public func barrier() throws(CommunicationError) {
    _ = try enter(CollectiveHeader(operation: .barrier), carrying: [])
  }

  /// The bytes of every rank, in rank order.
  public func allGather(_ bytes: [UInt8]) throws(CommunicationError) -> [[UInt8]] {
    try enter(CollectiveHeader(operation: .allGather, byteCount: bytes.count), carrying: bytes)
  }

  /// Matches the messages with those of the other threads; whoever comes second copies.
  public func exchange(
    sends: [OutgoingMessage], receives: [IncomingMessage]
  ) throws(CommunicationError) {
    try world.withLock { (world) throws(CommunicationError) in
      try world.post(sends: sends, receives: receives, rank: rank)
    }
    try world.wait { (world) throws(CommunicationError) in
      try world.hasFinishedExchange(rank: rank) ? () : nil
    }
  }

  /// Memory of this process, if the world was made of nodes with several ranks.
  public func nodeMemory() throws(CommunicationError) -> (any NodeMemory)? {
    segments.map { ThreadNodeMemory($0, of: self) }
  }

  private func enter(
    _ header: CollectiveHeader, carrying bytes: [UInt8]
  ) throws(CommunicationError) -> [[UInt8]] {
    try world.withLock { (world) throws(CommunicationError) in
      try world.enter(header, carrying: bytes, rank: rank)
    }
    return try world.wait { (world) throws(CommunicationError) in
      try world.takeGathered(rank: rank)
    }
  }
}
