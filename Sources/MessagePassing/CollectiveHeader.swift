/// What a rank says about the collective operation it enters, compared over all ranks before any data move.
///
/// MPI leaves it undefined what happens when ranks disagree: some finish with wrong data, others hang. Here
/// every rank throws the same ``CommunicationError/collectivesDiffer(rank:entered:reference:)``.
public struct CollectiveHeader: Sendable, Equatable, CustomStringConvertible {
  /// The operations in which all ranks take part.
  public enum Operation: Int64, Sendable {
    /// ``Communicator/barrier()``
    case barrier = 1
    /// ``Communicator/allGather(_:)``
    case allGather
  }

  /// The operation entered.
  public let operation: Operation
  /// Bytes that this rank contributes; others may contribute another number of them.
  public let byteCount: Int

  package init(operation: Operation, byteCount: Int = 0) {
    self.operation = operation
    self.byteCount = byteCount
  }

  /// `allGather(64 bytes)`
  public var description: String {
    switch operation {
    case .barrier: "barrier"
    case .allGather: "allGather(\(byteCount) bytes)"
    }
  }

  /// Throws on every rank alike when one of the headers, in rank order, is of another operation than that of
  /// rank 0.
  static func verify(_ headers: [CollectiveHeader]) throws(CommunicationError) {
    for (rank, header) in headers.enumerated() where header.operation != headers[0].operation {
      throw .collectivesDiffer(rank: rank, entered: header, reference: headers[0])
    }
  }
}
