public import MessagePassing

/// Checks that a state which every rank holds is the same everywhere.
public enum ReplicaCheck {
  /// Compares a hash of the state over all ranks: one all-gather.
  ///
  /// - Throws: ``DivergenceError`` on every rank, naming those that differ from most; `CommunicationError`.
  public static func verify(
    _ name: String, hash: [UInt8], step: Int, over communicator: any Communicator
  ) throws {
    let agreement = try communicator.agreement(on: hash)
    if !agreement.dissenters.isEmpty {
      throw DivergenceError(
        subject: .replica(name: name), step: step, phase: nil, ranks: agreement.dissenters,
        worldSize: communicator.size)
    }
  }
}
