import Platform
import Training

/// What a launch says last where no rank has said what to do: why a run that could go on is not started again,
/// and what mpirun does not find.
package struct LaunchAdvice {
  private let hostfile, folder: String?
  private let isTraining: Bool
  private let maxRestarts: Int

  /// Starts in a row of which none has begun before it is given up.
  static let mostInVain = 5

  /// - Parameter words: with the run folder.
  package init(hostfile: String?, maxRestarts: Int, _ words: TrainWords) {
    (self.hostfile, self.maxRestarts, isTraining) = (hostfile, maxRestarts, words.isTraining)
    // Other commands leave nothing to go on with.
    folder = isTraining ? words.folder : nil
  }

  /// What to run again with: nothing more where no run has begun.
  static func with(_ folder: String?) -> String {
    folder.map { RunFolder.isRun($0) } == true ? " with \(RunFolder.resumeWords(folder))" : ""
  }

  /// The last line; nil where a rank has said all.
  /// - Parameters:
  ///   - outcome: of the last start.
  ///   - restarts: how many there were.
  ///   - vain: starts in a row that have not begun.
  ///   - answers: what the hosts say now, of a start that never began, or is not known to have, and of which
  ///     nobody knows more; else nil.
  package func lastWords(
    _ outcome: LaunchOutcome, restarts: Int, vain: Int, answers: () -> [HostProbe.Answer]?
  ) -> String? {
    var cause = outcome.cause ?? "a rank was lost"
    let doctor = hostfile.map { "lockstep doctor --hostfile \(ShellWord.typed($0))" } ?? "lockstep doctor"
    if outcome.isProgramMissing { return "\(cause); `\(doctor)` says what is missing" }
    guard outcome.isRestartable else { return nil }
    if vain >= Self.mostInVain {
      return "\(cause), \(vain) times in a row before the ranks had begun; `\(doctor)` says what is missing"
    }
    let isAdvised = isTraining && maxRestarts == 0
    let after = isTraining && maxRestarts > 0 ? " after \(Count.text(restarts, "restart"))" : ""
    guard let answers = answers() else {
      let told = after.isEmpty ? "" : "given up\(after); "
      return (outcome.isTold ? told : "\(cause)\(after); ")
        + "run again\(Self.with(folder))\(isAdvised ? ", or with --max-restarts" : "")"
    }
    cause += isTraining ? "\(after), before the ranks had begun" : ""
    let refusals = answers.filter { $0.code != 0 }
    guard let first = refusals.first else {
      return isTraining
        ? "\(cause); `\(doctor)` says what is missing" : "\(cause); run again, or see `\(doctor)`"
    }
    let names = Prose.list(refusals.map { "\($0.host) (\($0.refusal))" })
    let canGoWithout = isAdvised && refusals.count < answers.count
    return "\(cause): no way to \(names); \(first.remedy)"
      + (canGoWithout ? ", or go on without: run again with --max-restarts" : "")
  }
}
