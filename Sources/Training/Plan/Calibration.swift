import Autograd
import DataParallel
import MessagePassing
import Models
import TensorCore

#if canImport(Glibc)
  import Glibc
#endif

/// What the phases of a recipe cost one rank, measured by training a few steps in a world whose other ranks are not there.
package struct Calibration: Sendable, Equatable {
  /// Micro-batches of a step.
  package let microBatches: Int
  /// Threads of the rank.
  package let threads: Int
  /// Processes that computed the same meanwhile, so that caches and memory were shared.
  package let beside: Int
  /// In the order of the model's phases.
  package let phases: [PhaseCost]

  package init(microBatches: Int, threads: Int, beside: Int, phases: [PhaseCost]) {
    (self.microBatches, self.threads, self.beside, self.phases) = (microBatches, threads, beside, phases)
  }

  /// Steps that are not timed: memory is taken in them.
  private static let warmUp = 2
  /// Steps that are timed: as many as take so many seconds, within bounds.
  private static let seconds = 1.2
  private static let timed = 5...60

  /// Trains the family of `options` on synthetic samples, with the share of micro-batches of a rank among others.
  /// - Throws: `PlanError` if the batch cannot be cut.
  package init(_ options: Options, threads: Int, beside: Int) throws {
    var options = options
    options.overlap = true
    // What a sum takes is known of any format.
    options.wire = .float32
    let share = max(1, min(4, options.microBatches / 2))
    let plan = try MicroBatchPlan(
      batch: options.batch, microBatches: options.microBatches, worldSize: options.microBatches / share,
      rank: 0)
    ThreadCount.fixed(threads).apply(ranksOnNode: beside + 1)
    let board = ProgressBoard()
    let training = TimedTraining(
      options, plan, CommunicationThread(AbsentRanks(size: plan.worldSize, board: board)),
      acrossNodes: true)
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
    let kept = timeline.kept
    phases = model.phases.map { phase in
      let turns = schedule.turns(at: 0).count { $0.phase == phase }
      let opens = model.open(phase, on: training.microBatches(MicroBatch.Draw(step: 0))[0]) != nil
      return PhaseCost(
        phase, opens: opens, of: kept, share: plan.local.count, turns: turns, steps: Self.warmUp..<steps)
    }
  }

  /// Seconds of a step of one rank that has all micro-batches.
  package var secondsAlone: Double {
    phases.reduce(0) { $0 + ($1.opening + $1.rest) * Double(microBatches) + $1.update }
  }
}

extension PhaseCost {
  /// What the spans of a few steps say of a phase: medians over the steps.
  fileprivate init(
    _ phase: Phase, opens: Bool, of spans: [Timeline.Span], share: Int, turns: Int, steps: Range<Int>
  ) {
    let own = spans.filter { $0.name.hasPrefix("\(phase.name) ") && steps.contains($0.step) }
    func median(_ isCounted: (Timeline.Span) -> Bool) -> Double {
      let sums = steps.map { step in
        own.reduce(Int64(0)) {
          $1.step == step && $1.kind == .computation && isCounted($1) ? $0 + $1.end - $1.start : $0
        }
      }
      return Double(sums.median) * 1e-9 / Double(max(turns, 1))
    }
    let opening = "\(phase.name) opening"
    let update = "\(phase.name) update"
    self.init(
      name: phase.name, opening: opens ? median { $0.name.hasPrefix(opening) } / Double(share) : 0,
      rest: median { !$0.name.hasPrefix(opening) && !$0.name.hasPrefix(update) } / Double(share),
      update: median { $0.name.hasPrefix(update) },
      bytes: Double(
        own.reduce(0) { $1.step == steps.lowerBound && $1.name == "\(phase.name) sum" ? $0 + $1.bytes : $0 })
        / Double(max(turns, 1)))
  }
}

/// A world of which only rank 0 is there: what the others would send is zero, and comes when the training thread waits for
/// it, so that all that can be computed before is.
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
  func broadcast(_ buffer: UnsafeMutableRawBufferPointer, root: Int) {}
  func allGather(_ bytes: [UInt8]) -> [[UInt8]] { Array(repeating: bytes, count: size) }

  func exchange(sends: [OutgoingMessage], receives: [IncomingMessage]) {
    let limit = MonotonicClock.milliseconds + 60_000
    while board.place.activity != .waiting, MonotonicClock.milliseconds < limit { usleep(200) }
    for receive in receives { receive.buffer.initializeMemory(as: UInt8.self, repeating: 0) }
  }
}
