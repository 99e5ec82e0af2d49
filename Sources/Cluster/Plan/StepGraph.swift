import DataParallel
import Models
package import Training

/// What a rank does in a step, as data: stages of computation, the sums over all ranks whose buckets they
/// hand over, and the buckets that they wait for. A schedule that hides sums elsewhere is another graph, not
/// another model.
package struct StepGraph: Sendable, Equatable {
  /// A part of a sum.
  package struct Bucket: Hashable, Sendable {
    /// The position of the sum.
    package let sum: Int
    /// The position in the sum.
    package let index: Int

    package init(_ index: Int = 0, of sum: Int) { (self.sum, self.index) = (sum, index) }
  }

  /// Which of the passes over a rank's micro-batches.
  package enum Passes: Sendable {
    case all, first, allButFirst, last, allButLast
  }

  /// Computation between two points at which a rank may wait.
  package struct Stage: Sendable, Equatable {
    /// For people: `discriminator opening`.
    package let name: String
    /// Seconds for each micro-batch.
    package let secondsPerMicroBatch: Double
    /// Whose micro-batches these are.
    package let passes: Passes
    /// What has to be back, and applied, before it begins.
    package let waitsFor: [Bucket]
    /// What is handed over when it ends.
    package let hands: [Bucket]

    package init(
      name: String, secondsPerMicroBatch: Double, passes: Passes = .all, waitsFor: [Bucket] = [],
      hands: [Bucket] = []
    ) {
      (self.name, self.secondsPerMicroBatch) = (name, secondsPerMicroBatch)
      (self.passes, self.waitsFor, self.hands) = (passes, waitsFor, hands)
    }
  }

  /// A sum over all ranks.
  package struct Sum: Sendable, Equatable {
    /// For people: `discriminator`.
    package let name: String
    /// Bytes of each bucket.
    package let bytes: [Double]
    /// Seconds of the part of the update that is made when each is back, on the waiting thread.
    package let updates: [Double]

    package init(name: String, bytes: [Double], updates: [Double]) {
      (self.name, self.bytes, self.updates) = (name, bytes, updates)
    }
  }

  /// In the order of a step; the last is followed by the first.
  package let stages: [Stage]
  package let sums: [Sum]
  /// The most micro-batches that are computed in one pass; a power of two.
  package let microBatchesPerPass: Int

  /// A graph as it is.
  package init(stages: [Stage], sums: [Sum], microBatchesPerPass: Int = 1) {
    (self.stages, self.sums, self.microBatchesPerPass) = (stages, sums, microBatchesPerPass)
  }

  /// How many micro-batches some passes of a rank compute that has `share` of them.
  func microBatches(in passes: Passes, of share: Int) -> Int {
    var length = 1
    while 2 * length <= min(microBatchesPerPass, share) { length *= 2 }
    let last = share % length == 0 ? length : share % length
    return switch passes {
    case .all: share
    case .first: length
    case .allButFirst: share - length
    case .last: last
    case .allButLast: share - last
    }
  }
}

extension StepGraph {
  /// The graph of ``TurnEngine``: a turn opens beside the sums of other networks; its first pass waits for
  /// each bucket where it reads what that moves; and its last pass hands over its own as they are completed
  /// backward.
  /// - Parameters:
  ///   - costs: of the model's phases.
  ///   - microBatchesPerPass: the most that are computed in one pass.
  ///   - isOverlapped: whether sums may be hidden at all; otherwise each turn hands over and waits at its
  ///     end.
  package init(
    _ schedule: Schedule, _ costs: [PhaseCost], microBatchesPerPass: Int = 1, isOverlapped: Bool
  ) {
    let turns = schedule.turns(at: 0).map(\.phase)
    let sums = turns.map { phase in
      let buckets = costs[phase.index].buckets
      return Sum(name: phase.name, bytes: buckets.map(\.bytes), updates: buckets.map(\.update))
    }
    func buckets(of sum: Int) -> [Bucket] { sums[sum].bytes.indices.map { Bucket($0, of: sum) } }
    // The sum that each network gets before a turn: that of the turn before it, round the end of the step.
    func pending(before turn: Int, of network: Int) -> Int? {
      (1...turns.count).map { (turn - $0 + turns.count) % turns.count }.first {
        turns[$0].network == network
      }
    }
    let networks = Set(turns.map(\.network)).sorted()
    var stages: [Stage] = []
    for (turn, phase) in turns.enumerated() {
      let cost = costs[phase.index]
      let pending = isOverlapped ? networks.compactMap { pending(before: turn, of: $0) } : []
      let own = pending.first { turns[$0].network == phase.network }
      if cost.opening > 0 {
        stages.append(
          Stage(
            name: "\(phase.name) opening", secondsPerMicroBatch: cost.opening,
            waitsFor: own.map(buckets) ?? []))
      }
      let reads = pending.flatMap { sum -> [(bucket: Bucket, time: Double)] in
        let times = cost.reads[turns[sum].index]
        // What the network's last turn moved is complete before the next one may.
        if times.isEmpty { return sum == own ? buckets(of: sum).map { ($0, 0) } : [] }
        return zip(buckets(of: sum), times).map { ($0, $1) }
      }
      stages += Self.forward(phase.name, cost, reading: reads)
      stages.append(
        Stage(
          name: "\(phase.name) forward", secondsPerMicroBatch: cost.forward, passes: .allButFirst))
      stages.append(
        Stage(name: "\(phase.name) backward", secondsPerMicroBatch: cost.backward, passes: .allButLast))
      stages += Self.backward(
        phase.name, cost, handing: buckets(of: turn),
        isEarly: isOverlapped && cost.buckets.count > 1)
      if !isOverlapped {
        stages.append(
          Stage(name: "\(phase.name) end", secondsPerMicroBatch: 0, waitsFor: buckets(of: turn)))
      }
    }
    self.init(stages: stages, sums: sums, microBatchesPerPass: microBatchesPerPass)
  }

  /// The first pass forward, cut where something is read that may have to be waited for.
  private static func forward(
    _ name: String, _ cost: PhaseCost, reading reads: [(bucket: Bucket, time: Double)]
  ) -> [Stage] {
    var stages: [Stage] = []
    var begun = 0.0
    var waits: [Bucket] = []
    func add(upTo time: Double) {
      stages.append(
        Stage(
          name: "\(name) forward", secondsPerMicroBatch: time - begun, passes: .first, waitsFor: waits))
      (begun, waits) = (time, [])
    }
    for read in reads.enumerated().sorted(by: { ($0.element.time, $0.offset) < ($1.element.time, $1.offset) })
    {
      let time = min(read.element.time, cost.forward)
      if time > begun { add(upTo: time) }
      waits.append(read.element.bucket)
    }
    add(upTo: cost.forward)
    return stages
  }

  /// The last pass backward, cut where a bucket is complete.
  private static func backward(
    _ name: String, _ cost: PhaseCost, handing buckets: [Bucket], isEarly: Bool
  ) -> [Stage] {
    func stage(_ seconds: Double, _ hands: [Bucket]) -> Stage {
      Stage(name: "\(name) backward", secondsPerMicroBatch: seconds, passes: .last, hands: hands)
    }
    guard isEarly else { return [stage(cost.backward, buckets)] }
    var stages: [Stage] = []
    var left = cost.backward
    for (bucket, of) in zip(buckets, cost.buckets).sorted(by: {
      ($0.1.left, $0.0.index) > ($1.1.left, $1.0.index)
    }) {
      let next = min(left, of.left)
      stages.append(stage(left - next, [bucket]))
      left = next
    }
    return stages + [stage(left, [])]
  }
}
