import Autograd
package import Checkpoints
package import DataParallel
package import Datasets
import MessagePassing
import Models
import Networks
import Reporting
import TensorCore

/// One rank of a training run, from the first step that is to be done to the last.
package final class Trainer {
  /// How a run ended.
  package enum Outcome: Sendable {
    /// All steps are done.
    case done
    /// A signal ended it early; its state is saved.
    case stopped
  }

  /// What a trainer needs beside the model.
  package struct Setup {
    package let options: Options
    package let plan: MicroBatchPlan
    package let dataset: any ImageDataset
    package let steps: Int
    /// The run folder, as all ranks call it.
    package let folder: String

    package init(
      options: Options, plan: MicroBatchPlan, dataset: any ImageDataset, steps: Int, folder: String
    ) {
      self.options = options
      self.plan = plan
      self.dataset = dataset
      self.steps = steps
      self.folder = folder
    }
  }

  private let setup: Setup
  private let engine: TurnEngine
  private let communication: CommunicationThread
  private let report: RunReport
  private let writer: BackgroundCheckpointWriter?
  private let schedule: Schedule
  private let stream: SampleStream
  private var lineStart = ContinuousClock.now
  private var lineFirstStep: Int
  private var waitedForData = 0.0
  private var waitedForRanks = 0.0

  /// A trainer for an engine whose networks hold the state after `startStep` steps.
  /// - Parameter writer: saves generations; nil on the ranks that do not.
  package init(
    _ setup: Setup, engine: TurnEngine, startStep: Int, communication: CommunicationThread, report: RunReport,
    writer: BackgroundCheckpointWriter?
  ) {
    self.setup = setup
    self.engine = engine
    self.communication = communication
    self.report = report
    self.writer = writer
    schedule = setup.options.schedule(of: engine.model)
    stream = SampleStream(count: setup.dataset.count, seed: setup.options.seed)
    lineFirstStep = startStep
  }

  /// Trains from `startStep` to the end, or until a signal.
  package func run(from startStep: Int) throws -> Outcome {
    let options = setup.options
    let loader = BatchLoader(
      dataset: setup.dataset, stream: stream, batch: options.batch, microBatches: options.microBatches,
      local: setup.plan.local, startStep: startStep * schedule.batchesPerStep)
    defer { loader.stop() }
    let watchdog = Watchdog(
      timeout: options.stallTimeout, rank: setup.plan.rank, host: TensorBoardWriter.hostName,
      isAlone: setup.plan.worldSize == 1)
    defer { watchdog.end() }

    lineStart = .now
    for step in startStep..<max(setup.steps, startStep) {
      try takeStep(step, from: loader)
      watchdog.progressed(step: step + 1)
      let done = step + 1
      let isStopping = engine.flags.contains(.stopRequested)
      let isLast = done == setup.steps || isStopping
      let isDrawn = isLast || isDue(options.samples.every, at: done)
      let measurement = isDrawn ? try measure() : nil
      try reportIfDue(done, isLast: isLast, measurement)
      // Saved before anything is drawn: after a signal there may be a second left.
      if isLast || isDue(options.checkpoint.every, at: done) { try save(step: done) }
      if isDrawn { try drawSamples(step: done, measurement) }
      watchdog.progressed(step: done)
      if isStopping && done < setup.steps {
        try finish()
        return .stopped
      }
    }
    try finish()
    return .done
  }

  private func takeStep(_ step: Int, from loader: BatchLoader) throws {
    var loaded: [LoadedMicroBatch] = []
    var microBatches: [MicroBatch] = []
    var last: MicroBatch.Draw?
    for turn in schedule.turns(at: step) {
      if turn.draw.batch != last?.batch { loaded = try load(for: turn, from: loader) }
      if turn.draw.round != last?.round {
        microBatches = loaded.map {
          MicroBatch(
            index: $0.number, draw: turn.draw, images: $0.images, labels: $0.labels, seed: setup.options.seed)
        }
      }
      last = turn.draw
      try engine.take(turn, on: microBatches, flags: StopSignals.isStopWished ? .stopRequested : [])
    }
  }

  private func load(for turn: Turn, from loader: BatchLoader) throws -> [LoadedMicroBatch] {
    do {
      let loaded = try loader.next()
      waitedForData += loaded.waited
      return loaded.microBatches
    } catch {
      engine.announceFailure(ExitStatus(of: error), at: turn)
      throw CoordinationError.here(
        rank: setup.plan.rank, host: TensorBoardWriter.hostName, ExitStatus(of: error), message: "\(error)")
    }
  }

  private func isDue(_ every: Int, at done: Int) -> Bool { every > 0 && done % every == 0 }

  /// Measures samples where somebody reports it.
  private func measure() throws -> SampleMeasurement? {
    guard !report.isSilent else { return nil }
    try engine.synchronize()
    return SampleMeasurement(of: engine.model, setup.options)
  }

  /// Logs a line at the steps that are logged, and wherever something was measured.
  private func reportIfDue(_ done: Int, isLast: Bool, _ measurement: SampleMeasurement?) throws {
    let isLogged = isLast || isDue(setup.options.log.every, at: done) || measurement != nil
    if isLogged { try engine.synchronize() }
    let statistics = zip(engine.model.phases.flatMap(\.statistics), engine.statistics.joined()).map {
      ($0, $1)
    }
    let samplesPerStep = setup.options.batch * schedule.batchesPerStep
    let epoch = Double(done) * Double(samplesPerStep) / Double(setup.dataset.count)
    report.progress.completed(
      step: done, epoch: epoch,
      statistics: statistics.compactMap { statistic, value in
        statistic.label.map { (name: $0, value: Double(value)) }
      })
    guard isLogged else { return }
    let elapsed = (ContinuousClock.now - lineStart).seconds
    let line = RunReport.Line(
      step: done, epoch: epoch, statistics: statistics + (measurement?.statistics ?? []),
      imagesPerSecond: Double((done - lineFirstStep) * samplesPerStep) / max(elapsed, 1e-9),
      waitedForRanks: engine.waited - waitedForRanks, waitedForData: waitedForData)
    report.log(line)
    lineFirstStep = done
    lineStart = .now
    waitedForRanks = engine.waited
    waitedForData = 0
  }

  private func drawSamples(step: Int, _ measurement: SampleMeasurement?) throws {
    guard !report.isSilent else { return }
    try engine.synchronize()
    let options = setup.options
    let latents = KeyedNoise(seed: options.seed, purpose: .samples, turn: 0)
      .normal([options.samples.count, engine.model.latentCount])
    report.draw(
      samples: SamplePicture(options).pixels(of: engine.model.samples(latents)), measured: measurement?.text,
      step: step,
      statistics: engine.model.phases.flatMap(\.statistics) + SampleMeasurement.statistics(of: options))
  }

  /// Saves a generation of everything. All ranks take part: their replicas are compared by hash first.
  private func save(step: Int) throws {
    try engine.synchronize()
    let state = engine.state
    let data = setup.dataset.fingerprint.description
    let stateSHA256 = state.stateSHA256(
      step: step, arithmetic: setup.options.arithmeticDigestInput, data: data)
    try communication.submit {
      try ReplicaCheck.verify("state", hash: Array(stateSHA256.utf8), step: step, over: $0)
    }.wait()
    guard let writer else { return }
    let info = GenerationInfo(
      step: step, programVersion: Program.version, worldSize: setup.plan.worldSize,
      recipe: setup.options.recipe,
      model: setup.options.modelDescription,
      optionsSHA256: SHA256.digest(of: setup.options.arithmeticDigestInput),
      dataFingerprint: data, weightsSHA256: state.weightsSHA256, stateSHA256: stateSHA256,
      state: state.counters)
    report.synchronize()
    announce(writer.submit(GenerationContents(info: info, files: state.files)))
  }

  /// Tells how the save before went; training goes on after a failed one, because the older generations are whole.
  private func announce(_ outcome: Result<Generation, CheckpointError>?) {
    switch outcome {
    case .success(let generation): report.progress.notice("checkpoint", path: generation.path)
    case .failure(let error): report.progress.warning("\(error)")
    case nil: break
    }
  }

  private func finish() throws {
    try engine.synchronize()
    if let writer, let generation = try UnsharedError.wrapping({ try writer.finish() }) {
      report.progress.notice("checkpoint", path: generation.path)
    }
    try UnsharedError.wrapping { try report.finish() }
  }
}
