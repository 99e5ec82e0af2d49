package import Autograd
package import Models
package import TensorCore

/// What one turn computes on one micro-batch, and what its reduction over all micro-batches gives: a flat vector of
/// the trained network's gradient, then the moments that normalisation layers saw, then the phase's statistics.
///
/// Everything that a step changes or reports travels in this one vector through the canonical tree, so all of it is
/// the same on every rank and every world size.
package struct TurnResult {
  /// Gradient, moments, statistics.
  package let vector: Tensor
  /// Which running statistics the moments belong to, in order of computation.
  package let moments: [BatchStatistics]
  /// The length of the gradient.
  package let gradientCount: Int

  /// Computes a phase on a micro-batch.
  package init(of phase: Phase, in model: any Model, on microBatch: MicroBatch) {
    let store = model.networks[phase.network].store
    let evaluation = model.evaluate(phase, on: microBatch)
    let tape = evaluation.loss.tape
    let gradient = tape.gradients(of: evaluation.loss, forParametersOf: store)
    moments = tape.takeStatistics()
    microBatch.releaseTape(watching: store)
    gradientCount = gradient.count
    let momentCount = moments.reduce(0) { $0 + 2 * $1.mean.count }
    let statistics = evaluation.statistics
    precondition(statistics.count == phase.statistics.count, "phase \(phase.name) reports what it names")
    vector = Tensor([gradientCount + momentCount + statistics.count]) { [moments] flat in
      gradient.withUnsafePointer { flat.update(from: $0, count: gradient.count) }
      var next = flat + gradient.count
      for observed in moments {
        for part in [observed.mean, observed.variance] {
          part.withUnsafePointer { next.update(from: $0, count: part.count) }
          next += part.count
        }
      }
      for (i, value) in statistics.enumerated() { next[i] = value }
    }
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
