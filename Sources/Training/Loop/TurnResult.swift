package import Autograd
package import Models
package import TensorCore

/// What one turn computes in one pass, and what the reduction over all micro-batches gives: a flat vector of
/// the trained network's gradient, then the moments that normalisation layers saw, then the phase's
/// statistics.
///
/// Everything that a step changes or reports travels in this one vector through the canonical tree, so all of
/// it is the same on every rank and every world size.
package struct TurnResult {
  /// Which running statistics the moments belong to, in order of computation.
  package let moments: [BatchStatistics]
  /// The length of the gradient.
  package var gradientCount: Int { store.count }
  private let store: ParameterStore
  private let opening: Opening?
  /// Of what has not been opened.
  private let loss: Variable
  private let statistics: [[Float]]

  /// The term of a phase that waits for no other network, forward and backward.
  package struct Opening {
    /// The gradient of the trained network.
    fileprivate let gradients: PartGradients
    fileprivate let moments: [BatchStatistics]
    fileprivate let statistics: [[Float]]

    /// Computes it; nil if the phase has no such term.
    package init?(of phase: Phase, in model: any Model, on microBatch: MicroBatch) {
      guard let term = model.open(phase, on: microBatch) else { return nil }
      let store = model.networks[phase.network].store
      let loss = term.loss
      statistics = term.statistics
      moments = loss.tape.takeStatistics()
      microBatch.releaseTape(watching: store)
      gradients = loss.tape.partGradients(of: loss, forParametersOf: store)
    }
  }

  /// Computes a phase on a micro-batch: what waits for no other network forward and backward, unless it has
  /// been or is computed with the rest, so that its activations are gone before those of the rest come; the
  /// rest forward.
  package init(of phase: Phase, in model: any Model, on microBatch: MicroBatch, opening: Opening? = nil) {
    store = model.networks[phase.network].store
    let opening =
      opening ?? (model.joinsTerms(of: phase) ? nil : Opening(of: phase, in: model, on: microBatch))
    let rest = model.evaluate(phase, on: microBatch, isOpened: opening != nil)
    for reported in [rest.statistics.count, opening?.statistics.count ?? phase.statistics.count]
    where reported != phase.statistics.count {
      fatalError("phase \(phase.name) names \(phase.statistics.count) statistics and reports \(reported)")
    }
    statistics = opening.map { Evaluation.sum($0.statistics, rest.statistics) } ?? rest.statistics
    self.opening = opening
    loss = rest.loss
    moments = (opening?.moments ?? []) + rest.loss.tape.takeStatistics()
    microBatch.releaseTape(watching: store)
  }

  /// The length of the vector.
  package var count: Int { gradientCount + momentCount + statistics.count }

  /// Computes the rest backward, and writes the vector: the sum over the pass's micro-batches along the
  /// complete tree.
  /// - Parameter whenWritten: told of elements as soon as they are final, while the rest is still to be
  ///   computed.
  package func write(
    to flat: TensorStorage, whenWritten: @escaping (Range<Int>) -> Void = { _ in }
  ) {
    var next = flat.pointer + gradientCount
    for observed in moments {
      for moment in [observed.mean, observed.variance] {
        moment.withUnsafePointer {
          VectorSum.tree(
            $0, stride: observed.channels, vectors: moment.shape[0], into: next, count: observed.channels)
        }
        next += observed.channels
      }
    }
    for values in statistics {
      values.withUnsafeBufferPointer {
        VectorSum.tree($0.baseAddress!, stride: 1, vectors: values.count, into: next, count: 1)
      }
      next += 1
    }
    whenWritten(gradientCount..<count)
    loss.tape.writeGradients(
      of: loss, forParametersOf: store, to: flat, adding: opening?.gradients,
      whenWritten: whenWritten)
  }

  /// The length of the moments.
  private var momentCount: Int { moments.reduce(0) { $0 + 2 * $1.channels } }

  /// Moves the running statistics by the mean of the moments over all micro-batches, in order of computation.
  static func updateRunningStatistics(
    _ moments: [BatchStatistics], from sums: UnsafePointer<Float>, scale: Float
  ) {
    var next = sums
    for observed in moments {
      let count = observed.channels
      let mean = Tensor([count]) { for i in 0..<count { $0[i] = next[i] * scale } }
      let variance = Tensor([count]) { for i in 0..<count { $0[i] = next[count + i] * scale } }
      mean.withUnsafePointer { observed.runningMean.update(toward: $0, momentum: observed.momentum) }
      variance.withUnsafePointer { observed.runningVariance.update(toward: $0, momentum: observed.momentum) }
      next += 2 * count
    }
  }
}
