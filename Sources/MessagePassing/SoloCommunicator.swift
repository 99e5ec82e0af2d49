import Glibc
import Platform

/// The world of one rank: needs no MPI and no launcher.
public final class SoloCommunicator: Communicator {
  /// Always 0.
  public let rank = 0
  /// Always 1.
  public let size = 1
  /// The host's name.
  public let processorName: String

  /// A world with this process in it.
  public init() {
    processorName = Host.name ?? "localhost"
  }

  /// Returns at once.
  public func barrier() {}

  /// `bytes`, as those of rank 0.
  public func allGather(_ bytes: [UInt8]) -> [[UInt8]] {
    [bytes]
  }

  /// Copies messages that the rank sends to itself.
  public func exchange(
    sends: [OutgoingMessage], receives: [IncomingMessage]
  ) throws(CommunicationError) {
    var unmatched = sends
    for receive in receives {
      precondition(receive.source == 0, "rank \(receive.source) is not one of 1 ranks")
      guard let index = unmatched.firstIndex(where: { $0.tag == receive.tag }) else {
        throw .stalled(waits: "rank 0 waits for message \(receive.tag) from itself")
      }
      let send = unmatched.remove(at: index)
      guard send.bytes.count == receive.buffer.count else {
        throw .messageSize(
          source: 0, destination: 0, tag: send.tag, sent: send.bytes.count, expected: receive.buffer.count)
      }
      receive.buffer.copyMemory(from: send.bytes)
    }
    if let send = unmatched.first {
      throw .stalled(waits: "rank \(send.destination) never receives message \(send.tag) from rank 0")
    }
  }
}
