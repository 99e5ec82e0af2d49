import Platform
import Training

/// How long a step takes once steps follow each other evenly: the ``StepGraph`` of every rank, played
/// through.
package struct StepPrediction: Sendable, Equatable {
  /// Seconds of a step.
  package let seconds: Double
  /// Seconds in which the rank that waits longest waits for a sum or for the ranks that begin it late.
  package let exposed: Double
  /// The same for each sum, in the order of the graph.
  package let exposedBySum: [Double]
  /// Seconds that the rank with the most micro-batches computes.
  package let computing: Double

  /// What summing some elements costs.
  package struct SumCost: Sendable, Equatable {
    /// From the last rank's beginning to the end.
    package let seconds: Double
    /// Of that, work of a core, which it takes from computation where no core is left over.
    package let work: Double

    package init(seconds: Double, work: Double) { (self.seconds, self.work) = (seconds, work) }
  }

  /// - Parameters:
  ///   - shares: the micro-batches of each rank.
  ///   - sharesCores: whether the communication thread has no core of its own.
  ///   - partBytes: what travels at a time while something more urgent may come.
  ///   - cost: of summing so many bytes.
  package init(
    _ graph: StepGraph, shares: [Int], sharesCores: Bool, partBytes: Double = .infinity,
    cost: @escaping (_ bytes: Double) -> SumCost
  ) {
    // Ranks with equal shares do the same at the same time.
    let shares = Set(shares).sorted()
    let warmUp = 4
    let measured = 8
    var traffic = SumTraffic(graph.sums, partBytes: partBytes, cost: cost)
    var now = shares.map { _ in 0.0 }
    let none = shares.map { _ in graph.sums.map { _ in 0.0 } }
    var waits = none
    var pending = shares.map { _ in Set<StepGraph.Bucket>() }
    var begun = 0.0
    for step in 0..<warmUp + measured {
      if step == warmUp { (begun, waits) = (now[0], none) }
      for stage in graph.stages {
        for (rank, share) in shares.enumerated() {
          for bucket in stage.waitsFor where pending[rank].remove(bucket) != nil {
            let wait = max(0, traffic.end(of: bucket) - now[rank])
            waits[rank][bucket.sum] += wait
            now[rank] += wait + graph.sums[bucket.sum].updates[bucket.index]
          }
          let length =
            Double(graph.microBatches(in: stage.passes, of: share)) * stage.secondsPerMicroBatch
          now[rank] = sharesCores ? traffic.end(of: length, from: now[rank]) : now[rank] + length
        }
        for bucket in stage.hands {
          traffic.hand(bucket, at: now.max() ?? 0)
          for rank in shares.indices { pending[rank].insert(bucket) }
        }
        traffic.forget(before: now.min() ?? 0)
      }
    }
    let steps = Double(measured)
    seconds = (now[0] - begun) / steps
    let totals = waits.map { $0.reduce(0, +) }
    let longest = totals.indices.max { totals[$0] < totals[$1] } ?? 0
    exposed = totals[longest] / steps
    // What the busiest rank waits for is the sums; what others wait for more is the busiest rank.
    exposedBySum = waits[shares.count - 1].map { $0 / steps }
    computing = seconds - totals[shares.count - 1] / steps
  }
}
