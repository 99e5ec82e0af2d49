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
    (self.hostfile, folder, isTraining) = (hostfile, words.folder, words.isTraining)
    self.maxRestarts = maxRestarts
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
  ///   - answers: what the hosts say now, of a start that never began and of which nobody knows more; else nil.
  package func lastWords(
    _ outcome: LaunchOutcome, restarts: Int, vain: Int, answers: () -> [HostProbe.Answer]?
  ) -> String? {
    var cause = outcome.cause ?? "a rank was lost"
    let doctor = hostfile.map { "lockstep doctor --hostfile \(ShellWord.typed($0))" } ?? "lockstep doctor"
    if outcome.isProgramMissing { return "\(cause); `\(doctor)` says what is missing" }
    guard outcome.isRestartable else { return nil }
    guard isTraining else { return "\(cause); run again" }
    if vain >= Self.mostInVain {
      return "\(cause), \(vain) times in a row before the ranks had begun; `\(doctor)` says what is missing"
    }
    if maxRestarts > 0 { cause += " after \(Count.text(restarts, "restart"))" }
    guard let answers = answers() else {
      return "\(cause); run again\(Self.with(folder))" + (maxRestarts > 0 ? "" : ", or with --max-restarts")
    }
    let refusals = answers.filter { $0.code != 0 }
    guard let first = refusals.first else {
      return "\(cause), before the ranks had begun; `\(doctor)` says what is missing"
    }
    let names = Prose.list(refusals.map { "\($0.host) (\($0.refusal))" })
    let canGoWithout = maxRestarts == 0 && refusals.count < answers.count
    return "\(cause), before the ranks had begun: no way to \(names); \(first.remedy)"
      + (canGoWithout ? ", or go on without: run again with --max-restarts" : "")
  }
}
