package import DataParallel
import Training

/// What a phase costs a rank, in seconds.
package struct PhaseCost: Sendable, Equatable {
  /// A bucket of the vector that is summed.
  package struct Bucket: Sendable, Equatable {
    /// Bytes of its numbers.
    package var bytes: Double
    /// Its part of the network's update, once a turn.
    package var update: Double
    /// What is left of the last pass when it is handed over, for each micro-batch of that pass.
    package var left: Double

    package init(bytes: Double, update: Double, left: Double) {
      (self.bytes, self.update, self.left) = (bytes, update, left)
    }
  }

  /// As the model calls the phase.
  package let name: String
  /// The term that waits for no other network, forward and backward, for each micro-batch.
  package var opening: Double
  /// All else forward, for each micro-batch.
  package var forward: Double
  /// The same backward.
  package var backward: Double
  /// In the order of the parameters.
  package var buckets: [Bucket]
  /// For each phase of the model how far a pass is when it first reads what each bucket of that phase moves,
  /// for each micro-batch of the pass; none where it reads nothing of it that is on its way.
  package var reads: [[Double]]

  package init(
    name: String, opening: Double, forward: Double, backward: Double, buckets: [Bucket], reads: [[Double]]
  ) {
    (self.name, self.opening, self.forward, self.backward) = (name, opening, forward, backward)
    (self.buckets, self.reads) = (buckets, reads)
  }

  /// Bytes of the vector.
  package var bytes: Double { buckets.reduce(0) { $0 + $1.bytes } }
  /// The whole update, once a turn.
  package var update: Double { buckets.reduce(0) { $0 + $1.update } }
  /// All of a micro-batch.
  package var computation: Double { opening + forward + backward }

  /// The same on cores that are `speed` times as fast, where so many ranks of a node share an update.
  func scaled(by speed: Double, sharedBy ranks: Int) -> PhaseCost {
    PhaseCost(
      name: name, opening: opening / speed, forward: forward / speed, backward: backward / speed,
      buckets: buckets.map {
        .init(bytes: $0.bytes, update: $0.update / speed / Double(ranks), left: $0.left / speed)
      },
      reads: reads.map { $0.map { $0 / speed } })
  }
}

extension [PhaseCost] {
  /// The costs of a model's phases, if the vector of each were cut as its plan says: a longer bucket is
  /// handed over with the last of those that it is made of, and read with the first.
  /// - Parameter plans: of the phases, with no cut that the costs do not have.
  package func cut(_ plans: [BucketPlan]) -> [PhaseCost] {
    let groups = zip(self, plans).map { cost, plan in
      var start = 0
      let places = cost.buckets.map { bucket in
        defer { start += Int(bucket.bytes) / MemoryLayout<Float>.size }
        return plan.ranges.lastIndex { $0.lowerBound <= start } ?? 0
      }
      return plan.ranges.indices.map { group in places.indices.filter { places[$0] == group } }
        .filter { !$0.isEmpty }
    }
    return zip(self, groups).map { cost, group in
      var cost = cost
      cost.buckets = group.map { members in
        PhaseCost.Bucket(
          bytes: members.reduce(0) { $0 + cost.buckets[$1].bytes },
          update: members.reduce(0) { $0 + cost.buckets[$1].update },
          left: members.map { cost.buckets[$0].left }.min() ?? 0)
      }
      cost.reads = zip(cost.reads, groups).map { times, group in
        times.isEmpty ? [] : group.map { members in members.map { times[$0] }.min() ?? 0 }
      }
      return cost
    }
  }
}
