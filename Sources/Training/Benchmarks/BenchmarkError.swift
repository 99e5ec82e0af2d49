import Platform

/// Why a benchmark cannot be made as asked for.
enum BenchmarkError: ReportedError, Equatable, CustomStringConvertible {
  /// A stretch has no step behind the first one, after which it saves.
  case tooShort(steps: Int)
  /// Nothing is saved in the course of a run, so saving has no share of it.
  case savesNothing
  /// The seeds that follow are no seeds.
  case seeds(first: UInt64, runs: Int)
  /// A signal came before all runs were made.
  case stopped

  var exitStatus: ExitStatus {
    switch self {
    case .tooShort, .savesNothing, .seeds: .usage
    case .stopped: .stopped
    }
  }

  /// `what, where; what to do next`.
  var description: String {
    switch self {
    case .tooShort(let steps):
      "a stretch of steps=\(steps) has no step behind the first one, where it saves; give steps=2 or more"
    case .savesNothing: "checkpoint.every=0 saves at the end alone; give the distance of two checkpoints"
    case .seeds(let first, let runs):
      "the seeds of \(runs) runs from \(first) on pass \(Int.max); give a smaller seed=, or fewer --runs"
    case .stopped: "stopped before the last run, command line; nothing is kept, run it again"
    }
  }
}
