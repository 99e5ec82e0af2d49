package import Autograd
package import Models
import TensorCore

/// What one turn computes on one micro-batch, and what its reduction over all micro-batches gives: a flat vector of
/// the trained network's gradient, then the moments that normalisation layers saw, then the phase's statistics.
///
/// Everything that a step changes or reports travels in this one vector through the canonical tree, so all of it is
/// the same on every rank and every world size.
package struct TurnResult {
  /// Which running statistics the moments belong to, in order of computation.
  package let moments: [BatchStatistics]
  /// The length of the gradient.
  package var gradientCount: Int { store.count }
  private let store: ParameterStore
  private let evaluation: Evaluation

  /// Computes a phase on a micro-batch, forward.
  package init(of phase: Phase, in model: any Model, on microBatch: MicroBatch) {
    store = model.networks[phase.network].store
    evaluation = model.evaluate(phase, on: microBatch)
    precondition(
      evaluation.statistics.count == phase.statistics.count, "phase \(phase.name) reports what it names")
    moments = evaluation.loss.tape.takeStatistics()
    microBatch.releaseTape(watching: store)
  }

  /// The length of the vector.
  package var count: Int { gradientCount + momentCount + evaluation.statistics.count }

  /// Computes backward, and writes the vector.
  package func write(to flat: UnsafeMutablePointer<Float>) {
    evaluation.loss.tape.writeGradients(of: evaluation.loss, forParametersOf: store, to: flat)
    var next = flat + gradientCount
    for observed in moments {
      for part in [observed.mean, observed.variance] {
        part.withUnsafePointer { next.update(from: $0, count: part.count) }
        next += part.count
      }
    }
    for (i, value) in evaluation.statistics.enumerated() { next[i] = value }
  }

  /// The length of the moments.
  package var momentCount: Int { moments.reduce(0) { $0 + 2 * $1.mean.count } }

  /// Moves the running statistics by the mean of the moments over all micro-batches, in order of computation.
  package static func updateRunningStatistics(
    _ moments: [BatchStatistics], from sums: UnsafePointer<Float>, scale: Float
  ) {
    var next = sums
    for observed in moments {
      let count = observed.mean.count
      let mean = Tensor([count]) { for i in 0..<count { $0[i] = next[i] * scale } }
      let variance = Tensor([count]) { for i in 0..<count { $0[i] = next[count + i] * scale } }
      mean.withUnsafePointer { observed.runningMean.update(toward: $0, momentum: observed.momentum) }
      variance.withUnsafePointer { observed.runningVariance.update(toward: $0, momentum: observed.momentum) }
      next += 2 * count
    }
  }
}
