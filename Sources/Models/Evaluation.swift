public import Autograd

/// What a phase, or a term of what it minimises, computed on a micro-batch.
public struct Evaluation {
  /// What is minimised, a mean over each part's samples, recorded on the trained network's tape: a scalar, or
  /// `[parts]` of several.
  public let loss: Variable
  /// The values of each of the phase's statistics, for each part the mean over its samples, or what the term
  /// adds to them.
  public let statistics: [[Float]]

  /// A loss and what to report about it.
  public init(loss: Variable, statistics: [[Float]]) {
    self.loss = loss
    self.statistics = statistics
  }

  /// Two terms of one phase, recorded on one tape.
  package static func + (left: Evaluation, right: Evaluation) -> Evaluation {
    Evaluation(
      loss: left.loss + right.loss, statistics: sum(left.statistics, right.statistics))
  }

  /// What two terms add to each statistic.
  package static func sum(_ left: [[Float]], _ right: [[Float]]) -> [[Float]] {
    zip(left, right).map { zip($0, $1).map(+) }
  }
}
