import Autograd
import DataParallel
package import MessagePassing
import Models
import Platform
import Reporting
import TensorCore

/// Times training steps on data in memory, without logging, samples or checkpoints: what remains is the
/// arithmetic and the communication.
package struct TrainingBenchmark {
  /// Seconds of each timed run of `stepsPerRun` steps.
  private let runs: [Double]
  private let stepsPerRun: Int
  private let batch: Int
  private let samplesPerStep: Int
  private let worldSize: Int
  private let threads: Int
  private let waited: Double
  private let flopsPerImage: Double
  private let peakBytes: Int
  private let allocations: Int
  /// Seconds from the start of the process to the end of its first step; 0 where the system does not say.
  private let firstStep: Double
  private let modelDescription: String
  private let sampleName: String

  /// Trains the family of `options` on synthetic images: one warm-up run, then `runs` timed ones of `steps`
  /// steps. All ranks call; the figures are those of the slowest rank, memory that of the largest.
  package init(
    _ options: Options, runs runCount: Int, over communicator: any Communicator,
    training threadCommunicator: sending any Communicator
  ) throws {
    let training = try TimedTraining(options, over: communicator, training: threadCommunicator)
    defer { training.communication.finish() }
    let (engine, model, schedule) = (training.engine, training.engine.model, training.schedule)
    let steps = options.length.steps(samples: 1, batch: options.batch)
    var durations: [Double] = []
    var waitedBefore = 0.0
    var allocationsBefore = 0
    var firstStep = 0.0
    for run in 0...runCount {
      try communicator.barrier()
      if run == 1 { (waitedBefore, allocationsBefore) = (engine.waited, TensorStorage.systemAllocations) }
      let start = ContinuousClock.now
      for step in 0..<(run == 0 ? max(2, steps / 4) : steps) {
        try training.take(step)
        guard run == 0, step == 0 else { continue }
        try engine.synchronize()
        firstStep = MonotonicClock.secondsSinceProcessStart ?? 0
      }
      try engine.synchronize()
      try communicator.barrier()
      if run > 0 { durations.append((ContinuousClock.now - start).seconds) }
    }
    allocations = try communicator.maximum(of: TensorStorage.systemAllocations - allocationsBefore)
    self.runs = durations
    self.firstStep = Double(try communicator.maximum(of: Int(firstStep * 1e6))) * 1e-6
    stepsPerRun = steps
    batch = options.batch
    samplesPerStep = options.batch * schedule.batchesPerStep
    worldSize = communicator.size
    threads = ComputeThreads.count
    let microseconds = Int((engine.waited - waitedBefore) * 1e6)
    waited = Double(try communicator.maximum(of: microseconds)) * 1e-6
    peakBytes = try communicator.maximum(of: Memory.peak)
    // A step's, over the samples that it reads.
    flopsPerImage =
      schedule.turns(at: 0).reduce(0) { $0 + model.flopsPerSample(of: $1.phase) }
      / Double(schedule.batchesPerStep)
    modelDescription = options.modelDescription
    sampleName = options.sampleName
  }

  private var sorted: [Double] { runs.sorted() }

  /// One JSON object; seconds and images are medians over the runs.
  package var json: String {
    let step = runs.median / Double(stepsPerRun)
    let images = Double(samplesPerStep) / step
    let cores = Double(worldSize * threads)
    return JSONValue.object([
      .init("model", .string(modelDescription)), .init("batch", .integer(batch)),
      .init("ranks", .integer(worldSize)), .init("threads", .integer(threads)),
      .init("kernels", .string(KernelSet.current.rawValue)),
      .init("images_per_second", .double(images)), .init("seconds_per_step", .double(step)),
      .init("seconds_per_step_fastest", .double(sorted[0] / Double(stepsPerRun))),
      .init("seconds_per_step_slowest", .double(sorted[runs.count - 1] / Double(stepsPerRun))),
      .init("runs", .integer(runs.count)), .init("steps_per_run", .integer(stepsPerRun)),
      .init("exposed_communication_fraction", .double(waited / runs.reduce(0, +))),
      .init("gflops_per_core", .double(images * flopsPerImage * 1e-9 / cores)),
      .init("peak_rss_bytes", .integer(peakBytes)), .init("first_step_seconds", .double(firstStep)),
      .init("tensor_allocations_after_warm_up", .integer(allocations)),
    ]).text
  }

  /// The same for people.
  package var text: String {
    func fixed(_ value: Double, _ places: Int) -> String { FixedDecimal.text(value, places: places) }
    let step = runs.median / Double(stepsPerRun)
    let images = Double(samplesPerStep) / step
    let spread = (sorted[runs.count - 1] - sorted[0]) / runs.median * 100
    return """
      \(modelDescription), batch \(batch), \
      \(Count.text(worldSize, "rank")) x \(Count.text(threads, "thread")), kernels \(KernelSet.current.rawValue), \
      median of \(Count.text(runs.count, "run")) of \(Count.text(stepsPerRun, "step"))
      \(sampleName)/s\(String(repeating: " ", count: 23 - sampleName.count))\(fixed(images, 1))   (spread \(fixed(spread, 1)) %)
      ms/step                  \(fixed(step * 1000, 2))
      GFLOP/s per core         \(fixed(images * flopsPerImage * 1e-9 / Double(worldSize * threads), 1))
      exposed communication    \(fixed(waited / runs.reduce(0, +) * 100, 2)) %
      peak memory per rank     \(fixed(Double(peakBytes) / 1e6, 0)) MB
      start to first step      \(fixed(firstStep, 2)) s
      """
  }
}
