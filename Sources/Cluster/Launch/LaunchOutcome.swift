import Platform
package import Training

/// How one start of the ranks ended: `status.json` where it says so, else what `mpirun` makes of it.
package struct LaunchOutcome: Sendable, Equatable {
  /// The exit code by the table of the documentation.
  package let code: Int32
  /// Why, one line; nil where a rank has said it already and nothing is recorded.
  package let cause: String?
  /// What mpirun said of a lost rank or host.
  private let noticed: String?
  /// Whether there is a host on which mpirun has not found the program, or cannot start it.
  package let isProgramMissing: Bool

  /// - Parameters:
  ///   - code: mpirun's exit code, or 128 and the signal that ended it.
  ///   - status: what the run folder says of this start; nil if nothing.
  ///   - noticed: what mpirun said of a lost rank or host.
  ///   - said: the last error that a rank told.
  ///   - isStopWished: whether the launcher has been asked to stop.
  package init(
    code: Int32, status: RunStatus?, noticed: String?, said: String? = nil, isStopWished: Bool = false
  ) {
    self.noticed = noticed
    // As a shell says it.
    isProgramMissing = status?.exitCode == nil && (code == 126 || code == 127)
    if let noticed, !isStopWished, status?.exitCode == Int(ExitStatus.stopped.rawValue) {
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
    }
  }

  private static func isFailure(_ code: Int32) -> Bool {
    code != ExitStatus.done.rawValue && code != ExitStatus.stopped.rawValue
  }

  /// Whether the same run may go on where it was: a rank or a host was lost, nothing is wrong with the run.
  package var isRestartable: Bool { code == ExitStatus.peerLost.rawValue }

  /// Whether a rank or a host was taken away, and did not fail for what it had loaded.
  package var isFromOutside: Bool {
    let signs = [
      "was ended by signal 9", "was ended by signal 15", "is lost to mpirun", "has not answered",
      // mpirun itself, by the same signals.
      "mpirun ended with code 137", "mpirun ended with code 143",
    ]
    return isRestartable
      && [cause, noticed].compactMap(\.self).contains { text in signs.contains { text.contains($0) } }
  }

  /// Whether a line of mpirun's own says that it ends the job.
  package static func isAbort(_ line: String) -> Bool { line.contains("the job has been aborted") }

  /// What a line of mpirun's own tells of the reason.
  package static func notice(in line: String) -> String? {
    let words = line.split(separator: " ").map(String.init)
    func after(_ word: String) -> String? {
      words.firstIndex(of: word).flatMap { words.indices.contains($0 + 1) ? words[$0 + 1] : nil }
    }
    if line.contains("noticed that process rank"), let rank = after("rank"), let host = after("node"),
      let signal = after("signal")
    {
      let memory =
        switch signal {
        case "9": ", perhaps by the kernel for want of memory (see dmesg)"
        case "4", "5", "6", "11":
          Memory.addressSpaceLimit.map { ", under `ulimit -v` of \(ByteCount.text($0))" } ?? ""
        default: ""
        }
      return "rank \(rank) on \(host) was ended by signal \(signal)\(memory)"
    }
    if line.contains("Remote daemon:"), let host = words.last { return "\(host) is lost to mpirun" }
    return nil
  }
}
