public import Autograd

/// What a phase computed on a micro-batch.
public struct Evaluation {
  /// The scalar to minimise, a mean over each part's samples, recorded on the trained network's tape.
  public let loss: Variable
  /// The values of each of the phase's statistics: for each part the mean over its samples.
  public let statistics: [[Float]]

  /// A loss and what to report about it.
  public init(loss: Variable, statistics: [[Float]]) {
    self.loss = loss
    self.statistics = statistics
  }
}
