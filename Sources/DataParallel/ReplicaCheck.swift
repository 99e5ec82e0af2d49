public import MessagePassing

/// Checks that a state which every rank holds is the same everywhere.
public enum ReplicaCheck {
  /// Compares a hash of the state over all ranks: one all-gather.
  ///
  /// - Returns: on every rank, which ranks differ from most; nil if none does.
  public static func difference(
    _ name: String, hash: [UInt8], step: Int, over communicator: any Communicator
  ) throws(CommunicationError) -> DivergenceError? {
    let agreement = try communicator.agreement(on: hash)
    guard !agreement.dissenters.isEmpty else { return nil }
    return DivergenceError(
      subject: .replica(name: name), step: step, phase: nil, ranks: agreement.dissenters,
      worldSize: communicator.size)
  }
}
