import Glibc
import Platform
package import Training

/// How one start of the ranks ended: `status.json` where it says so, else what `mpirun` makes of it.
package struct LaunchOutcome: Sendable, Equatable {
  /// The exit code by the table of the documentation.
  package let code: Int32
  /// Why, one line; nil where a rank has said it already and nothing is recorded.
  package let cause: String?
  /// Whether a rank, a host or mpirun was taken away, and did not fail for what it had loaded.
  package let isFromOutside: Bool
  /// Whether somebody has said why, so that no host need be asked.
  package let isExplained: Bool
  /// Whether a watchdog has just told the cause to people.
  let isTold: Bool
  /// Whether there is a host on which mpirun has not found the program, or cannot start it.
  let isProgramMissing: Bool

  /// - Parameters:
  ///   - code: mpirun's exit code, or 128 and the signal that ended it.
  ///   - status: what the run folder says of this start; nil if nothing.
  ///   - notice: what mpirun said first of a lost rank or host.
  ///   - verdict: for what cause a watchdog has ended the job, if one has.
  ///   - said: the last error that a rank told.
  ///   - isStopWished: whether the launcher has been asked to stop.
  package init(
    code: Int32, status: RunStatus?, noticed notice: LaunchNotice?, judged verdict: String? = nil,
    said: String? = nil, isStopWished: Bool = false
  ) {
    // A watchdog whose host is cut off ends the daemon that started it, which mpirun then takes for the lost
    // one; of a rank that was killed mpirun knows the signal.
    let isHostLost = verdict.map(WatchReport.tellsOfLostHost) ?? false
    let noticed = isHostLost ? verdict : notice?.text ?? verdict
    // As a shell says it.
    isProgramMissing = status?.exitCode == nil && (code == 126 || code == 127)
    var isMPIRunKilled = false
    if notice != nil, !isStopWished, status?.exitCode == Int(ExitStatus.stopped.rawValue) {
      // An mpirun that has lost a host ends the ranks that are left with SIGTERM, on which they save and
      // stop: nobody wished that.
      (self.code, cause) = (ExitStatus.peerLost.rawValue, noticed)
    } else if let status, let recorded = status.exitCode.flatMap(Int32.init(exactly:)) {
      (self.code, cause) = (recorded, status.cause ?? (Self.isFailure(recorded) ? said : nil))
    } else if isProgramMissing {
      (self.code, cause) = (
        ExitStatus.configuration.rawValue, noticed ?? "mpirun cannot start the program on every host"
      )
    } else if code == 0 || (ExitStatus(rawValue: code) != nil && code != ExitStatus.unexpected.rawValue) {
      (self.code, cause) = (code, noticed ?? (Self.isFailure(code) ? said : nil))
    } else {
      self.code = ExitStatus.peerLost.rawValue
      cause = noticed ?? "mpirun ended with code \(code)"
      // One that does not end after a watchdog's verdict is killed by the launcher.
      isMPIRunKilled =
        notice == nil && verdict.map(WatchReport.tellsOfLoss) ?? true
        && [128 + SIGKILL, 128 + SIGTERM].contains(code)
    }
    isFromOutside =
      self.code == ExitStatus.peerLost.rawValue
      && (isMPIRunKilled || isHostLost || notice?.isFromOutside == true
        || status?.cause.map(WatchReport.tellsOfLostHost) == true)
    isExplained = isFromOutside || verdict != nil || said != nil || notice?.isWhole == true
    isTold = cause != nil && cause == verdict
  }

  private static func isFailure(_ code: Int32) -> Bool {
    code != ExitStatus.done.rawValue && code != ExitStatus.stopped.rawValue
  }

  /// Whether the same run may go on where it was: a rank or a host was lost, nothing is wrong with the run.
  package var isRestartable: Bool { code == ExitStatus.peerLost.rawValue }

  /// Whether a line of mpirun's own says that it ends the job.
  package static func isAbort(_ line: String) -> Bool { line.contains("the job has been aborted") }
}
