import Autograd
import DataParallel
import Glibc
import MessagePassing
import Models
import Platform
import TensorCore
package import Training

/// What the phases of a recipe cost one rank, measured by training a few steps in a world whose other ranks
/// are not there.
package struct Calibration: Sendable, Equatable {
  /// Micro-batches of a step.
  package let microBatches: Int
  /// Threads of the rank.
  package let threads: Int
  /// Processes that computed the same meanwhile, so that caches and memory were shared.
  package let beside: Int
  /// Whether it computed as ranks on several nodes do, which may differ from what ranks on one do.
  package let acrossNodes: Bool
  /// The most micro-batches that are computed in one pass.
  package let microBatchesPerPass: Int
  /// In the order of the model's phases.
  package let phases: [PhaseCost]

  package init(
    microBatches: Int, threads: Int, beside: Int, acrossNodes: Bool, microBatchesPerPass: Int,
    phases: [PhaseCost]
  ) {
    (self.microBatches, self.threads, self.beside) = (microBatches, threads, beside)
    (self.acrossNodes, self.microBatchesPerPass, self.phases) = (acrossNodes, microBatchesPerPass, phases)
  }

  /// Steps that are not timed: memory is taken in them.
  private static let warmUp = 2
  /// Steps that are timed: as many as take so many seconds, within bounds.
  private static let seconds = 1.2
  private static let timed = 5...60

  /// Elements of the buckets that are timed: shorter than those of a run, so that others can be made of them.
  static let bucketLength = BucketPlan.defaultLength / 4

  /// Trains the family of `options` on synthetic samples, with the share of micro-batches of a rank among
  /// others.
  /// - Throws: `PlanError` if the batch cannot be cut.
  package init(_ options: Options, threads: Int, beside: Int, acrossNodes: Bool = true) throws {
    var options = options
    options.overlap = true
    // What a sum takes is known of any format.
    options.wire = .float32
    let plan = try Self.plan(options)
    ThreadCount.fixed(threads).apply(ranksOnNode: beside + 1)
    let board = ProgressBoard()
    let training = TimedTraining(
      options, plan, CommunicationThread(AbsentRanks(size: plan.worldSize, board: board)),
      acrossNodes: acrossNodes, bucketLength: Self.bucketLength)
    defer { training.communication.finish() }
    let (engine, model, schedule) = (training.engine, training.engine.model, training.schedule)
    engine.board = board
    let timeline = try Timeline(
      from: 0, count: Self.warmUp + Self.timed.upperBound, over: SoloCommunicator())
    engine.timeline = timeline
    var steps = 0
    var start = ContinuousClock.now
    while steps < Self.warmUp + Self.timed.lowerBound
      || (ContinuousClock.now - start).seconds < Self.seconds
        && steps < Self.warmUp + Self.timed.upperBound
    {
      if steps == Self.warmUp { start = .now }
      try training.take(steps)
      steps += 1
    }
    try engine.synchronize()
    self.microBatches = options.microBatches
    self.threads = threads
    self.beside = beside
    self.acrossNodes = acrossNodes
    microBatchesPerPass = try Self.microBatchesPerPass(model, options, acrossNodes: acrossNodes)
    let spans = CalibrationSpans(
      timeline.kept, steps: Self.warmUp..<steps, passes: engine.passes, phases: model.phases)
    phases = model.phases.map { phase in
      spans.cost(
        of: phase, turns: schedule.turns(at: 0).count { $0.phase == phase },
        opens: model.open(phase, on: training.microBatches(MicroBatch.Draw(step: 0))[0]) != nil)
    }
  }

  /// The part of a step that is timed: that of a rank with up to four micro-batches.
  /// - Throws: `PlanError` if the batch cannot be cut.
  static func plan(_ options: Options) throws(PlanError) -> MicroBatchPlan {
    let share = max(1, min(4, options.microBatches / 2))
    return try MicroBatchPlan(
      batch: options.batch, microBatches: options.microBatches, worldSize: options.microBatches / share,
      rank: 0)
  }

  /// The most micro-batches that any rank computes in one pass.
  /// - Throws: `PlanError` if the batch cannot be cut.
  private static func microBatchesPerPass(
    _ model: any Model, _ options: Options, acrossNodes: Bool
  ) throws -> Int {
    let plan = try MicroBatchPlan(
      batch: options.batch, microBatches: options.microBatches, worldSize: 1, rank: 0)
    let samples = min(
      model.samplesPerPass(acrossNodes: acrossNodes), MicroBatch.mostParts * plan.microBatchSize)
    return plan.passes(ofAtMost: samples).map(\.count).max() ?? 1
  }

  /// Whether ranks on one node compute otherwise than ranks on several.
  /// - Throws: `PlanError` if the batch cannot be cut.
  package static func dependsOnNodes(_ options: Options) throws -> Bool {
    let model = options.makeModel()
    return try model.phases.contains { model.joinsTerms(of: $0) }
      || microBatchesPerPass(model, options, acrossNodes: true)
        != microBatchesPerPass(model, options, acrossNodes: false)
  }

  /// Seconds of a step of one rank that has all micro-batches.
  var secondsAlone: Double {
    phases.reduce(0) { $0 + $1.computation * Double(microBatches) + $1.update }
  }
}

/// A world of which only rank 0 is there: what the others would send is zero, and comes when the training
/// thread waits for it, so that all that can be computed before is.
private final class AbsentRanks: Communicator {
  let rank = 0
  let size: Int
  let processorName = "nowhere"
  private let board: ProgressBoard

  init(size: Int, board: ProgressBoard) {
    self.size = size
    self.board = board
  }

  func barrier() {}
  func allGather(_ bytes: [UInt8]) -> [[UInt8]] { Array(repeating: bytes, count: size) }

  func exchange(sends: [OutgoingMessage], receives: [IncomingMessage]) {
    let limit = MonotonicClock.milliseconds + 60_000
    while board.place.activity != .waiting, MonotonicClock.milliseconds < limit { usleep(200) }
    for receive in receives { receive.buffer.initializeMemory(as: UInt8.self, repeating: 0) }
  }
}
