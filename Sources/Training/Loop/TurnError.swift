public import Platform

/// What is summed over all ranks for a network's turn, its gradient above all, has a NaN or an infinity, on
/// every rank alike.
public struct TurnError: ReportedError, Equatable, Sendable, CustomStringConvertible {
  /// The network whose turn it is.
  public let network: String
  /// The step, from 0; in words from 1, as in the log.
  public let step: Int
  /// What the first number that is not finite belongs to: the name of a parameter, or what is no gradient.
  public let place: String
  /// The ranks on which it was so before it was summed; none if only the sum is.
  public let ranks: [Int]

  package init(network: String, step: Int, place: String, ranks: [Int]) {
    self.network = network
    self.step = step
    self.place = place
    self.ranks = ranks
  }

  /// What was found, where.
  var finding: String {
    "the \(network)'s sums are not finite at step \(step + 1), first for \(place), "
      + (ranks.isEmpty ? "as a sum over all ranks" : "on \(Prose.ranks(ranks))")
  }

  /// How the program ends for it.
  public var exitStatus: ExitStatus { .diverged }

  /// One line: what, where; what to do next.
  public var description: String {
    "\(finding); begin again with a smaller optimizer.\(network).learningRate, or go on with one from the last checkpoint "
      + "(lockstep train --from)"
  }
}
