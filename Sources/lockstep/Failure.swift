import Datasets
import Glibc
import MessagePassing
import Platform
import Training

/// How the program ends when something is wrong: one line on standard error, and the documented code.
enum Failure {
  /// `lockstep: what, where; what to do next`.
  static func report(_ message: String) {
    Progress.note("lockstep: \(message)")
  }

  /// What this process has found before the ranks know each other, with its rank and host where it is one of
  /// several: the others may not have found it.
  static func reportHere(_ message: String) {
    let rank = LaunchEnvironment.current.rank.map { " [rank \($0) on \(Host.name ?? "localhost")]" }
    report(message + (rank ?? ""))
  }

  /// One line for each problem of an error.
  static func report(_ error: any Error) {
    for line in (error as? any ReportedError)?.lines ?? ["\(error)"] { report(line) }
  }
}

/// Ends the program, what was printed included.
func leave(_ code: Int32) -> Never {
  if !StandardStreams.flush() && code == 0 {
    Failure.report("the output cannot be written; check where it goes")
    _exit(ExitStatus.inputOutput.rawValue)
  }
  _exit(code)
}

/// Ends the program with a documented code.
func leave(_ status: ExitStatus) -> Never {
  leave(status.rawValue)
}

extension LaunchEnvironment {
  /// Whether this process is the one to speak before the ranks know each other.
  var isFirst: Bool { (rank ?? 0) == 0 }
}

/// Runs a command that needs no other rank: of several that mpirun has started, the first works.
func alone(_ work: () throws -> Void) -> Never {
  guard LaunchEnvironment.current.isFirst else { leave(.done) }
  do {
    try work()
  } catch {
    Failure.report(error)
    leave(ExitStatus(of: error))
  }
  leave(.done)
}
