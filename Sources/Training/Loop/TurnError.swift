public import Platform

/// Why a turn ended the run.
public enum TurnError: ReportedError, Equatable, Sendable, CustomStringConvertible {
  /// What is summed over all ranks for a network's turn, its gradient above all, has a NaN or an infinity, on
  /// every rank alike.
  /// - Parameters:
  ///   - step: counted from 0; in words from 1, as in the log.
  ///   - place: what the first number that is not finite belongs to: the name of a parameter, or what is no
  ///     gradient.
  ///   - ranks: on which it was so before it was summed; none if only the sum is.
  case notFinite(network: String, step: Int, place: String, ranks: [Int])

  /// What was found, where.
  var finding: String {
    switch self {
    case .notFinite(let network, let step, let place, let ranks):
      "the \(network)'s sums are not finite at step \(step + 1), first for \(place), "
        + (ranks.isEmpty ? "as a sum over all ranks" : "on \(Prose.ranks(ranks))")
    }
  }

  /// How the program ends for it.
  public var exitStatus: ExitStatus { .diverged }

  /// One line: what, where; what to do next.
  public var description: String {
    switch self {
    case .notFinite(let network, _, _, _):
      "\(finding); begin again with a smaller optimizer.\(network).learningRate, or go on with one from the last checkpoint "
        + "(lockstep train --from)"
    }
  }
}
