public import Platform

/// Why the watch ended a run, on every rank alike.
public struct WatchError: ReportedError, Equatable, Sendable, CustomStringConvertible {
  /// What it found.
  package let verdict: WatchRule.Verdict
  /// The steps done.
  public let step: Int
  /// The rewinds before.
  public let rewinds: Int
  /// The step of the last good generation; nil if there is none.
  public let refuge: Int?

  package init(verdict: WatchRule.Verdict, step: Int, rewinds: Int, refuge: Int?) {
    self.verdict = verdict
    self.step = step
    self.rewinds = rewinds
    self.refuge = refuge
  }

  /// How the program ends for it.
  public var exitStatus: ExitStatus { .diverged }

  /// One line: what, where; what to do next.
  public var description: String {
    let history = rewinds == 0 ? "" : " after \(Count.text(rewinds, "rewind"))"
    let advice =
      refuge.map { "evaluate the checkpoint of step \($0), the last good one" }
      ?? "there is no good checkpoint; lower the learning rates"
    return "the game has \(verdict) at step \(step)\(history); \(advice), or begin a run with another seed"
  }
}
