package import MessagePassing

extension CheckpointEvaluation {
  /// Has all ranks evaluate. Where there are several, they run one program, and each is watched until all have
  /// done their work.
  /// - Parameter work: gets the communicator to evaluate over, and where to tell what is done.
  /// - Throws: what `work` throws; ``CoordinationError``, `CommunicationError`.
  package static func together<T>(
    over communicator: any Communicator,
    _ work: (_ communicator: any Communicator, _ board: ProgressBoard?) throws -> T
  ) throws -> T {
    guard communicator.size > 1 else { return try work(communicator, nil) }
    // No run is under way: there is no status to write, and reading large data takes long.
    let watchdog = try Watchdog(
      over: communicator, layout: try communicator.nodeLayout(), timeout: TrainingRun.coordinationTimeout)
    defer { watchdog.end() }
    let watched = WatchedCommunicator(communicator, telling: watchdog.board)
    return try watchdog.untilAllEnd(over: watched) {
      try Handshake(program: Handshake.programDigest()).verify(over: watched)
      return try work(watched, watchdog.board)
    }
  }
}
