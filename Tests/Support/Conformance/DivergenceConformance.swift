import DataParallel
package import MessagePassing

/// What the lockstep and replica checks must notice on every communicator.
package enum DivergenceConformance {
  /// Agreement passes, and on three ranks or more each single deviation names its rank on all ranks.
  package static func run(on communicator: any Communicator) throws {
    let rank = communicator.rank
    let flags: StatusFlags = rank == communicator.size - 1 ? .stopRequested : []
    let agreed = try LockstepChecker.verify(
      LockstepHeader(step: 812, phase: 1, elementCount: 1000, flags: flags), over: communicator)
    try require(agreed.union == .stopRequested, "the flags are \(agreed.union)")
    try require(agreed.ranks(with: .stopRequested) == [communicator.size - 1], "the wrong rank has the flag")
    let none = try ReplicaCheck.difference("generator", hash: [1, 2, 3], step: 812, over: communicator)
    try require(none == nil, "equal replicas differ")

    for odd in 1..<max(communicator.size, 1) {
      let late = rank == odd
      let error = try divergence {
        _ = try LockstepChecker.verify(
          LockstepHeader(step: late ? 811 : 812, phase: 1, elementCount: 1000), over: communicator)
      }
      try require(error.ranks == [odd] && error.step == 812 && error.phase == 1, "\(error)")
      let replica = try ReplicaCheck.difference(
        "generator", hash: [late ? 9 : 1], step: 812, over: communicator)
      try require(
        replica?.ranks == [odd] && replica?.subject == .replica(name: "generator"),
        "\(replica.map { "\($0)" } ?? "the difference went unnoticed")")
    }
  }

  private static func divergence(_ body: () throws -> Void) throws -> DivergenceError {
    do {
      try body()
    } catch let error as DivergenceError {
      return error
    }
    throw ConformanceFailure(description: "the divergence went unnoticed")
  }
}
