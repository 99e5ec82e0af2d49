package import MessagePassing

/// Does something at each exchange of messages and after each meeting of a node, and notes how many bytes the
/// rank sends.
package final class WatchedCommunicator: Communicator {
  private let base: any Communicator
  private let atExchange: (Int) throws(CommunicationError) -> Void
  private let afterMeeting: () -> Void
  /// Of each exchange.
  package private(set) var sentBytes: [Int] = []

  /// - Parameters:
  ///   - atExchange: called before each exchange with its number, from 0.
  ///   - afterMeeting: called after each meeting in the memory of a node.
  package init(
    _ base: any Communicator,
    atExchange: @escaping (Int) throws(CommunicationError) -> Void = { (_) throws(CommunicationError) in },
    afterMeeting: @escaping () -> Void = {}
  ) {
    self.base = base
    self.atExchange = atExchange
    self.afterMeeting = afterMeeting
  }

  package var rank: Int { base.rank }
  package var size: Int { base.size }
  package var processorName: String { base.processorName }

  package func barrier() throws(CommunicationError) { try base.barrier() }

  package func allGather(_ bytes: [UInt8]) throws(CommunicationError) -> [[UInt8]] {
    try base.allGather(bytes)
  }

  package func exchange(sends: [OutgoingMessage], receives: [IncomingMessage]) throws(CommunicationError) {
    try atExchange(sentBytes.count)
    sentBytes.append(sends.reduce(0) { $0 + $1.bytes.count })
    try base.exchange(sends: sends, receives: receives)
  }

  package func nodeMemory() throws(CommunicationError) -> (any NodeMemory)? {
    try base.nodeMemory().map { WatchedMemory($0, afterMeeting) }
  }
}

/// The memory of a ``WatchedCommunicator``.
private final class WatchedMemory: NodeMemory {
  private let base: any NodeMemory
  private let afterMeeting: () -> Void

  init(_ base: any NodeMemory, _ afterMeeting: @escaping () -> Void) {
    self.base = base
    self.afterMeeting = afterMeeting
  }

  var segmentBytes: Int { base.segmentBytes }
  var nodes: [[Int]] { base.nodes }

  func segment(of rank: Int) -> UnsafeMutableRawPointer { base.segment(of: rank) }

  func synchronize() throws(CommunicationError) {
    try base.synchronize()
    afterMeeting()
  }

  func share(bytes: Int) throws(CommunicationError) -> SharedMemory? { try base.share(bytes: bytes) }
}
