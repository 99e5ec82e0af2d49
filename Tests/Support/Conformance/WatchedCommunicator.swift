package import MessagePassing

/// Does something at each exchange of messages, and notes how many bytes the rank sends.
package final class WatchedCommunicator: Communicator {
  private let base: any Communicator
  private let atExchange: (Int) throws(CommunicationError) -> Void
  /// Of each exchange.
  package private(set) var sentBytes: [Int] = []

  /// - Parameter atExchange: called before each exchange with its number, from 0.
  package init(
    _ base: any Communicator,
    atExchange: @escaping (Int) throws(CommunicationError) -> Void = { (_) throws(CommunicationError) in }
  ) {
    self.base = base
    self.atExchange = atExchange
  }

  package var rank: Int { base.rank }
  package var size: Int { base.size }
  package var processorName: String { base.processorName }

  package func barrier() throws(CommunicationError) { try base.barrier() }

  package func broadcast(_ buffer: UnsafeMutableRawBufferPointer, root: Int) throws(CommunicationError) {
    try base.broadcast(buffer, root: root)
  }

  package func allGather(_ bytes: [UInt8]) throws(CommunicationError) -> [[UInt8]] {
    try base.allGather(bytes)
  }

  package func exchange(sends: [OutgoingMessage], receives: [IncomingMessage]) throws(CommunicationError) {
    try atExchange(sentBytes.count)
    sentBytes.append(sends.reduce(0) { $0 + $1.bytes.count })
    try base.exchange(sends: sends, receives: receives)
  }

  package func nodeMemory() throws(CommunicationError) -> (any NodeMemory)? { try base.nodeMemory() }
}
