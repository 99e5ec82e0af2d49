import Autograd
import DataParallel
import Models
import Platform
package import Training

/// How fast a recipe would train on a cluster, and with how many ranks, threads and micro-batches best.
package struct ExecutionPlan: Sendable {
  /// One way to train.
  package struct Row: Sendable, Equatable {
    package let nodes: Int
    package let ranks: Int
    package let threads: Int
    package let microBatches: Int
    package let prediction: StepPrediction
    /// What keeps it from being faster, in words.
    package let limit: String
    /// Whether the cluster has that many nodes.
    package let isWithin: Bool

    /// Exposed communication as a share of the step.
    package var exposed: Double { prediction.exposed / prediction.seconds }
  }

  /// How vectors are cut into buckets, and what follows.
  package struct Cut: Sendable, Equatable {
    /// Elements from which on a parameter begins a bucket; nil for one bucket.
    package let length: Int?
    /// Buckets of each phase.
    package let buckets: [Int]
    /// Seconds of a step.
    package let seconds: Double
  }

  /// Lengths that are compared: a quarter of a run's, a run's, four times that, and whole vectors.
  static let lengths = [
    Calibration.bucketLength, BucketPlan.defaultLength, 4 * BucketPlan.defaultLength, nil,
  ]

  package let cluster: ClusterDescription
  /// With the recipe's micro-batches, by nodes.
  package let rows: [Row]
  /// The fastest within the cluster with the recipe's micro-batches, which leave the weights what they are.
  package let best: Row
  /// The fastest with another number of micro-batches, where that gains a twentieth.
  package let other: Row?
  /// The most nodes of the table that are worth it: twice as many gain less than a tenth, or cannot be used.
  package let worthwhileNodes: Int
  /// The best row with vectors cut otherwise, in the order of ``lengths``; the second is what a run does.
  package let cuts: [Cut]
  package let calibrations: [Calibration]
  package let machine: ReductionCost.Machine
  package let description: String
  /// Whether samples lie in files, which take time to read that is not counted here.
  let readsFiles: Bool
  /// What samples are called, in the plural.
  let sampleName: String
  package let batch: Int
  package let samplesPerStep: Int
  let graph: StepGraph

  /// - Parameters:
  ///   - calibrations: for every number of micro-batches and of threads that are tried, and for one node and
  ///     several where that differs; the first is for the recipe's own.
  /// - Throws: ``ClusterError`` if no rank fits the cluster.
  package init(
    _ options: Options, on cluster: ClusterDescription, calibrations: [Calibration],
    machine: ReductionCost.Machine
  ) throws(ClusterError) {
    let model = options.makeModel()
    let schedule = options.schedule(of: model)
    self.cluster = cluster
    self.calibrations = calibrations
    self.machine = machine
    description = options.modelDescription
    readsFiles = options.data.isPath
    sampleName = options.sampleName
    batch = options.batch
    samplesPerStep = options.batch * schedule.batchesPerStep
    let predictor = Predictor(
      options: options, model: model, schedule: schedule, cluster: cluster, machine: machine)
    graph = predictor.graph(calibrations[0])
    let own = calibrations.filter { $0.microBatches == options.microBatches }
    var counts = [1]
    while let last = counts.last, last < options.microBatches, cluster.slots == nil {
      counts.append(2 * last)
    }
    if !counts.contains(cluster.nodes) { counts.append(cluster.nodes) }
    let rows = counts.sorted().compactMap { nodes in
      Self.fastest(own.fitting(nodes: nodes).compactMap { predictor.row($0, nodes: nodes) })
    }
    self.rows = rows
    guard let best = Self.fastest(rows.filter(\.isWithin)) ?? rows.first else {
      throw ClusterError(
        "no way to train fits the cluster: threads=\(own[0].threads) needs a node of as many cores, and each "
          + "rank needs one of microBatches=\(options.microBatches); change these, or the nodes and slots")
    }
    self.best = best
    cuts = Self.lengths.map { length in
      let row = own.fitting(nodes: best.nodes).first { $0.threads == best.threads }.flatMap {
        predictor.row($0, nodes: best.nodes, bucketLength: length)
      }
      return Cut(
        length: length, buckets: predictor.plans(own[0], bucketLength: length).map(\.ranges.count),
        seconds: (row ?? best).prediction.seconds)
    }
    let others = calibrations.filter { $0.microBatches != options.microBatches }
      .fitting(nodes: cluster.nodes).compactMap { predictor.row($0, nodes: cluster.nodes) }
    other = Self.fastest(others).flatMap {
      $0.prediction.seconds < 0.95 * best.prediction.seconds ? $0 : nil
    }
    worthwhileNodes = Self.worthwhile(rows)
  }

  private static func fastest(_ rows: [Row]) -> Row? {
    rows.min { $0.prediction.seconds < $1.prediction.seconds }
  }

  private static func worthwhile(_ rows: [Row]) -> Int {
    var last = rows[0]
    for row in rows.dropFirst() {
      if row.prediction.seconds < last.prediction.seconds / 1.1 {
        last = row
      } else if row.nodes >= 2 * last.nodes {
        break
      }
    }
    return last.nodes
  }

  /// The time of cores that a step takes with the fewest nodes, as a share of what it takes in a row: 1 where
  /// the row's cores gain as much as they are more.
  package func efficiency(_ row: Row) -> Double {
    func coreSeconds(_ row: Row) -> Double { row.prediction.seconds * Double(row.ranks * row.threads) }
    return coreSeconds(rows[0]) / coreSeconds(row)
  }

  package func imagesPerSecond(_ row: Row) -> Double { Double(samplesPerStep) / row.prediction.seconds }
}

extension [Calibration] {
  /// Those that tell what ranks on so many nodes do: of two that differ in nothing else the one that was made
  /// for it.
  fileprivate func fitting(nodes: Int) -> [Calibration] {
    let isAcross = nodes > 1
    return filter { one in
      one.acrossNodes == isAcross
        || !contains {
          $0.acrossNodes == isAcross && $0.microBatches == one.microBatches && $0.threads == one.threads
        }
    }
  }
}

/// Predicts one row.
private struct Predictor {
  let options: Options
  let model: any Model
  let schedule: Schedule
  let cluster: ClusterDescription
  let machine: ReductionCost.Machine

  /// How the vector of each phase is cut; whole if there is no length.
  func plans(_ calibration: Calibration, bucketLength: Int?) -> [BucketPlan] {
    zip(model.phases, calibration.phases).map { phase, cost in
      let parameters = model.networks[phase.network].store.parameters.map(\.range)
      let count = Int(cost.bytes) / MemoryLayout<Float>.size
      return bucketLength.map { BucketPlan(count: count, parameters: parameters, length: $0) }
        ?? BucketPlan(count: count)
    }
  }

  /// - Parameter ranksOnNode: how many share an update, at the least.
  func graph(
    _ calibration: Calibration, bucketLength: Int? = BucketPlan.defaultLength, ranksOnNode: Int = 1
  ) -> StepGraph {
    let costs = calibration.phases.map { $0.scaled(by: cluster.speed, sharedBy: ranksOnNode) }
    return StepGraph(
      schedule, costs.cut(plans(calibration, bucketLength: bucketLength)),
      microBatchesPerPass: calibration.microBatchesPerPass, isOverlapped: options.overlap)
  }

  /// Nil if so many nodes cannot share a step.
  func row(
    _ calibration: Calibration, nodes: Int, bucketLength: Int? = BucketPlan.defaultLength
  ) -> ExecutionPlan.Row? {
    let threads = calibration.threads
    let ranksOfNodes: [Int]
    if let slots = cluster.slots {
      guard nodes <= slots.count else { return nil }
      ranksOfNodes = Array(slots.prefix(nodes))
      // Ranks of several threads each would take turns.
      guard threads == 1 || (ranksOfNodes.max() ?? 1) * threads <= cluster.cores else { return nil }
    } else {
      let fitting = min(cluster.cores / threads, calibration.microBatches / nodes)
      guard fitting > 0 else { return nil }
      ranksOfNodes = Array(repeating: fitting, count: nodes)
    }
    let ranks = ranksOfNodes.reduce(0, +)
    let found = try? MicroBatchPlan(
      batch: options.batch, microBatches: calibration.microBatches, worldSize: ranks, rank: 0)
    guard let plan = found else { return nil }
    let graph = graph(
      calibration, bucketLength: bucketLength, ranksOnNode: ranksOfNodes.min() ?? 1)
    let cost = ReductionCost(
      cluster.link, machine, nodes: ranksOfNodes, plan, as: options.wire.format(acrossNodes: nodes > 1))
    let shares = (0..<ranks).map { plan.microBatches(of: $0).count }
    let busiest = ranksOfNodes.max() ?? 1
    let prediction = StepPrediction(
      graph, shares: shares, sharesCores: busiest * threads >= cluster.cores,
      partBytes: nodes > 1
        ? Double(TurnSum.Transport.defaultPartLength * MemoryLayout<Float>.size) : .infinity
    ) { cost(bytes: $0) }
    return ExecutionPlan.Row(
      nodes: nodes, ranks: ranks, threads: threads, microBatches: calibration.microBatches,
      prediction: prediction,
      limit: limit(prediction, graph, cost, shares: shares, busy: busiest * threads),
      isWithin: nodes <= cluster.nodes)
  }

  /// The largest loss against a step in which all cores compute all the time.
  private func limit(
    _ prediction: StepPrediction, _ graph: StepGraph, _ cost: ReductionCost, shares: [Int], busy: Int
  ) -> String {
    let step = prediction.seconds
    var losses: [(share: Double, text: String)] = []
    for (sum, exposed) in zip(graph.sums, prediction.exposedBySum) {
      let bytes = sum.bytes.reduce(0, +)
      let single = cost(bytes: bytes)
      let wire = cost.bytesSent(of: bytes) / cluster.link.bandwidth
      let cause =
        wire > single.seconds / 2 ? "bandwidth" : single.work > single.seconds / 2 ? "copying" : "latency"
      losses.append((exposed / step, "waiting for the \(sum.name)'s sum (\(cause))"))
    }
    let updates = graph.sums.reduce(0) { $0 + $1.updates.reduce(0, +) }
    losses.append((updates / step, "the update, which only ranks of a node share"))
    let most = Double(shares.max() ?? 1)
    let mean = Double(shares.reduce(0, +)) / Double(shares.count)
    losses.append(
      (
        (1 - mean / most) * prediction.computing / step,
        "ranks with \(Int(most)) micro-batches beside others with fewer"
      ))
    losses.append(
      (
        1 - Double(busy) / Double(cluster.cores),
        "\(Count.text(cluster.cores - busy, "idle core")) of a node"
      )
    )
    guard let largest = losses.max(by: { $0.share < $1.share }), largest.share >= 0.05 else {
      return "computation"
    }
    return largest.text
  }
}
