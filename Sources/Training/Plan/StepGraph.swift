import DataParallel
import Models

/// What a rank does in a step, as data: stages of computation, the sums over all ranks that they begin, and those that
/// they wait for. A schedule that hides sums elsewhere is another graph, not another model.
package struct StepGraph: Sendable, Equatable {
  /// Computation between two points at which a rank may wait.
  package struct Stage: Sendable, Equatable {
    /// For people: `discriminator opening`.
    package let name: String
    /// Seconds for each micro-batch of the rank.
    package let secondsPerMicroBatch: Double
    /// Positions of the sums that have to be back, and their updates made, before it begins.
    package let waitsFor: [Int]
    /// Positions of the sums that begin when it ends.
    package let hands: [Int]

    package init(name: String, secondsPerMicroBatch: Double, waitsFor: [Int], hands: [Int]) {
      (self.name, self.secondsPerMicroBatch) = (name, secondsPerMicroBatch)
      (self.waitsFor, self.hands) = (waitsFor, hands)
    }
  }

  /// A sum over all ranks, which travels alone and in order.
  package struct Sum: Sendable, Equatable {
    /// For people: `discriminator`.
    package let name: String
    /// Bytes of the vector.
    package let bytes: Double
    /// Seconds of the update that is made when it is back, on the waiting thread.
    package let update: Double

    package init(name: String, bytes: Double, update: Double) {
      (self.name, self.bytes, self.update) = (name, bytes, update)
    }
  }

  /// In the order of a step; the last is followed by the first.
  package let stages: [Stage]
  package let sums: [Sum]

  /// A graph as it is.
  package init(stages: [Stage], sums: [Sum]) {
    (self.stages, self.sums) = (stages, sums)
  }

  /// The graph of ``TurnEngine``: a turn opens beside the sums of other networks, then waits for all of them, and hands over
  /// one vector at its end.
  /// - Parameter isOverlapped: whether sums may be hidden at all; otherwise each turn waits at its end.
  package init(_ schedule: Schedule, _ costs: [PhaseCost], isOverlapped: Bool) {
    let turns = schedule.turns(at: 0).map(\.phase)
    let sums = turns.map { phase in
      Sum(name: phase.name, bytes: costs[phase.index].bytes, update: costs[phase.index].update)
    }
    var stages: [Stage] = []
    // The sum that each network gets before a turn: that of the turn before it, round the end of the step.
    func pending(before turn: Int, of network: Int) -> Int? {
      (1...turns.count).map { (turn - $0 + turns.count) % turns.count }.first {
        turns[$0].network == network
      }
    }
    for (turn, phase) in turns.enumerated() {
      let cost = costs[phase.index]
      let own = pending(before: turn, of: phase.network).map { [$0] } ?? []
      let networks = Set(turns.map(\.network)).sorted()
      let all = isOverlapped ? networks.compactMap { pending(before: turn, of: $0) } : []
      if cost.opening > 0 {
        stages.append(
          Stage(
            name: "\(phase.name) opening", secondsPerMicroBatch: cost.opening,
            waitsFor: isOverlapped ? own : [], hands: []))
      }
      stages.append(
        Stage(name: phase.name, secondsPerMicroBatch: cost.rest, waitsFor: all, hands: [turn]))
      if !isOverlapped {
        stages.append(Stage(name: "\(phase.name) end", secondsPerMicroBatch: 0, waitsFor: [turn], hands: []))
      }
    }
    (self.stages, self.sums) = (stages, sums)
  }
}

/// What a phase costs a rank, in seconds.
package struct PhaseCost: Sendable, Equatable {
  /// As the model calls the phase.
  package let name: String
  /// The term that waits for no other network, forward and backward, for each micro-batch.
  package var opening: Double
  /// All else, for each micro-batch.
  package var rest: Double
  /// The update of the network, once a turn.
  package var update: Double
  /// Bytes of the vector that is summed.
  package var bytes: Double

  package init(name: String, opening: Double, rest: Double, update: Double, bytes: Double) {
    self.name = name
    (self.opening, self.rest, self.update, self.bytes) = (opening, rest, update, bytes)
  }
}

/// How long a step takes once steps follow each other evenly: the ``StepGraph`` of every rank, played through.
package struct StepPrediction: Sendable, Equatable {
  /// Seconds of a step.
  package let seconds: Double
  /// Seconds in which the rank that waits longest waits for a sum or for the ranks that begin it late.
  package let exposed: Double
  /// The same for each sum, in the order of the graph.
  package let exposedBySum: [Double]
  /// Seconds that the rank with the most micro-batches computes.
  package let computing: Double

  /// What a sum costs.
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
  ///   - cost: of each sum of the graph.
  package init(
    _ graph: StepGraph, shares: [Int], sharesCores: Bool, cost: (StepGraph.Sum) -> SumCost
  ) {
    // Ranks with equal shares do the same at the same time.
    let shares = Set(shares).sorted()
    let costs = graph.sums.map(cost)
    let warmUp = 4
    let measured = 8
    var now = shares.map { _ in 0.0 }
    var waits = shares.map { _ in graph.sums.map { _ in 0.0 } }
    var pending = shares.map { _ in graph.sums.map { _ in false } }
    var interval = graph.sums.map { _ in (start: 0.0, end: 0.0) }
    var wireFree = 0.0
    var begun = 0.0
    for step in 0..<warmUp + measured {
      if step == warmUp {
        begun = now[0]
        waits = shares.map { _ in graph.sums.map { _ in 0.0 } }
      }
      for stage in graph.stages {
        for (rank, share) in shares.enumerated() {
          for sum in stage.waitsFor where pending[rank][sum] {
            pending[rank][sum] = false
            let wait = max(0, interval[sum].end - now[rank])
            waits[rank][sum] += wait
            now[rank] += wait + graph.sums[sum].update
          }
          let start = now[rank]
          let length = Double(share) * stage.secondsPerMicroBatch
          var stolen = 0.0
          if sharesCores, length > 0 {
            for (sum, interval) in interval.enumerated() where interval.end > interval.start {
              let overlap = min(start + length, interval.end) - max(start, interval.start)
              stolen += max(0, overlap) / (interval.end - interval.start) * costs[sum].work
            }
          }
          now[rank] = start + length + stolen
        }
        for sum in stage.hands {
          let start = max(wireFree, now.max() ?? 0)
          interval[sum] = (start, start + costs[sum].seconds)
          wireFree = interval[sum].end
          for rank in shares.indices { pending[rank][sum] = true }
        }
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
