import MessagePassing

/// Counts the bytes that a rank sends.
final class CountingCommunicator: Communicator {
  private let base: any Communicator
  private(set) var sentBytes = 0

  init(_ base: any Communicator) { self.base = base }

  var rank: Int { base.rank }
  var size: Int { base.size }
  var processorName: String { base.processorName }

  func barrier() throws(CommunicationError) { try base.barrier() }

  func broadcast(_ buffer: UnsafeMutableRawBufferPointer, root: Int) throws(CommunicationError) {
    try base.broadcast(buffer, root: root)
  }

  func allGather(_ bytes: [UInt8]) throws(CommunicationError) -> [[UInt8]] { try base.allGather(bytes) }

  func exchange(sends: [OutgoingMessage], receives: [IncomingMessage]) throws(CommunicationError) {
    sentBytes += sends.reduce(0) { $0 + $1.bytes.count }
    try base.exchange(sends: sends, receives: receives)
  }

  func nodeMemory() throws(CommunicationError) -> (any NodeMemory)? { try base.nodeMemory() }
}
