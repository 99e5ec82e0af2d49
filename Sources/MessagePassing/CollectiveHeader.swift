/// What a rank says about the collective operation it enters, compared over all ranks before any data move.
///
/// MPI leaves it undefined what happens when ranks disagree: some finish with wrong data, others hang. Here
/// every rank throws the same ``CommunicationError/collectivesDiffer(rank:entered:reference:)``.
public struct CollectiveHeader: Sendable, Equatable, CustomStringConvertible {
  /// The operations in which all ranks take part.
  public enum Operation: Int64, Sendable {
    /// ``Communicator/barrier()``
    case barrier = 1
    /// ``Communicator/broadcast(_:root:)``
    case broadcast
    /// ``Communicator/allGather(_:)``
    case allGather
  }

  /// The operation entered.
  public let operation: Operation
  /// Bytes that this rank contributes or expects.
  public let byteCount: Int
  /// The rank whose bytes everyone gets; 0 where there is none.
  public let root: Int

  /// `broadcast(64 bytes, root 0)`
  public var description: String {
    switch operation {
    case .barrier: "barrier"
    case .broadcast: "broadcast(\(byteCount) bytes, root \(root))"
    case .allGather: "allGather(\(byteCount) bytes)"
    }
  }

  /// Whether both can be the same operation: an all-gather takes another length from each rank.
  func matches(_ other: CollectiveHeader) -> Bool {
    operation == other.operation && root == other.root
      && (operation == .allGather || byteCount == other.byteCount)
  }

  /// Throws on every rank alike when one of the headers, in rank order, does not match that of rank 0.
  static func verify(_ headers: [CollectiveHeader]) throws(CommunicationError) {
    for (rank, header) in headers.enumerated() where !header.matches(headers[0]) {
      throw .collectivesDiffer(rank: rank, entered: header, reference: headers[0])
    }
  }
}
