import DataParallel
import MessagePassing
import Platform
import Training

/// Runs a command on all ranks that were started together.
enum Ranks {
  /// Joins the world, works, leaves. An error that all ranks know of ends them with its code and one message;
  /// any other is reported by the rank that has it and aborts the job with that code.
  static func run(_ work: (any Communicator, sending any Communicator) throws -> ExitStatus) -> ExitStatus {
    do {
      let world = try World.join()
      let usesMPI = world.usesMPI
      switch attempt(work, in: world) {
      case .success(let status):
        try world.leave()
        return status
      case .failure(let error):
        let status = ExitStatus(of: error)
        if isSpokenHere(error) { Failure.report(error) }
        if usesMPI && !isKnownToAll(error) { World.abort(code: status.rawValue) }
        try? world.leave()
        return status
      }
    } catch {
      if LaunchEnvironment.current.isFirst { Failure.report(error) }
      return ExitStatus(of: error)
    }
  }

  private static func attempt(
    _ work: (any Communicator, sending any Communicator) throws -> ExitStatus, in world: borrowing World
  ) -> Result<ExitStatus, any Error> {
    do {
      return .success(try work(try world.makeCommunicator(), try world.makeCommunicator()))
    } catch {
      return .failure(error)
    }
  }

  /// Whether this rank is the one to report an error: of what all ranks find alike the first, else the one
  /// that has it.
  private static func isSpokenHere(_ error: any Error) -> Bool {
    switch error {
    case let error as CoordinationError: error.isReportedHere
    case is PlanError, is TurnError, is WatchError, is DivergenceError: LaunchEnvironment.current.isFirst
    default: true
    }
  }

  /// Whether every rank ends for this error, so that all can leave in order: those that do not know of it
  /// might wait for this one for ever.
  private static func isKnownToAll(_ error: any Error) -> Bool {
    switch error {
    case is CoordinationError, is PlanError, is TurnError, is WatchError, is DivergenceError: true
    case is CommunicationError, is UnsharedError: false
    // What rank 0 finds for all (`fromCoordinator`, `together`) it throws as it is, and the others as a
    // CoordinationError. What is no error of a room nobody has foreseen.
    case is any ReportedError: LaunchEnvironment.current.isFirst
    default: false
    }
  }
}
