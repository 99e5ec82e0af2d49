import DataParallel
import Glibc
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
        try end(world, with: status)
        return status
      case .failure(let error):
        let status = ExitStatus(of: error)
        if isSpokenHere(error) { Failure.report(error) }
        if usesMPI && !error.isKnownToAll(on: LaunchEnvironment.current.rank ?? 0) {
          World.abort(code: status.rawValue)
        }
        try? end(world, with: status)
        return status
      }
    } catch {
      if case .singletons? = error as? CommunicationError {
        // Each has found that it is alone.
        if LaunchEnvironment.current.isFirst { Failure.report(error) }
      } else {
        Failure.reportHere("\(error)")
      }
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

  /// Leaves the world. All ranks have done their work by now: one that is stopped or lost on its way out keeps
  /// the others no longer than this.
  private static func end(_ world: consuming World, with status: ExitStatus) throws {
    if world.usesMPI {
      _ = SystemThread(ifGiven: .withoutSignals) {
        sleep(30)
        if LaunchEnvironment.current.isFirst { Failure.report("all is done, but another rank does not end") }
        leave(status == .done ? .peerLost : status)
      }
    }
    try world.leave()
  }
}
