import Autograd
import DataParallel
import Datasets
import MessagePassing
import Models
import Networks
import Platform
import Reporting
import TensorCore

/// One rank of a training run, from the first step that is to be done to the last.
package final class Trainer {
  private let setup: Setup
  private let engine: TurnEngine
  private let exchange: RankExchange
  private let report: RunReport
  private let saver: RunSaver
  private let watchdog: Watchdog
  private let record: RunRecord
  private let hosts: [String]
  private let steering: GameSteering?
  private let schedule: Schedule
  private var quality: QualityMonitor?
  private var interval = LogInterval(firstSample: 0, waitedForRanks: 0)
  private var hasWarnedOfData = false

  /// A trainer for an engine whose networks hold the state after the steps that are done.
  /// - Parameters:
  ///   - saver: saves on all ranks.
  ///   - hosts: of every rank.
  init(
    _ setup: Setup, engine: TurnEngine, exchange: RankExchange, report: RunReport,
    saver: RunSaver, watchdog: Watchdog, record: RunRecord, hosts: [String]
  ) {
    self.record = record
    self.hosts = hosts
    self.setup = setup
    self.engine = engine
    self.exchange = exchange
    self.report = report
    self.saver = saver
    self.watchdog = watchdog
    steering = GameDirector(
      setup.options, model: engine.model, reference: setup.watch, over: exchange
    ).map { director in
      GameSteering(
        director, engine: engine, setup.options, over: exchange, progress: report.progress,
        load: saver.refuge)
    }
    schedule = setup.options.schedule(of: engine.model)
    quality = setup.reference.map {
      QualityMonitor($0, setup.options, over: exchange)
    }
  }

  /// Trains from `startStep` to the end, or until a signal.
  /// - Parameter isFork: whether the state there is another run's, and not yet in this one's folder.
  package func run(from startStep: Int, isFork: Bool = false) throws -> Outcome {
    do {
      if isFork {
        watchdog.board.enter(.saving)
        try save(step: startStep)
        try finishSaving()
      }
      return try train(from: startStep)
    } catch  where error.isFoundByAll {
      if error is TurnError, engine.state.skipped?.hasOnlySkipped == true { record.attempt?.condemn() }
      // What they have begun to save is the last that the run leaves.
      do { try finishSaving(ofThisState: false) } catch { report.progress.warning("\(error)") }
      throw error
    }
  }

  private func train(from startStep: Int) throws -> Outcome {
    var loader = setup.loader(at: cursor(startStep).batch, for: engine)
    defer { loader.stop() }

    beginInterval(after: startStep)
    // A run that ended for it, and is asked for no more, ends again.
    if startStep > 0, let verdict = quality?.verdict(of: engine.state.convergence) {
      return try finish(.converged(verdict))
    }
    for step in startStep..<max(setup.steps, startStep) {
      let done = step + 1
      let fault = try attemptStep(step, from: loader)
      watchdog.board.completed(step: done)
      watchdog.board.enter(.saving)
      // The turns of a second step have read what the sums of the first have moved.
      if step > startStep { record.attempt?.settle(in: engine.state) }
      try saver.complete(seen: engine.commonFlags)
      record.saved(saver.savedStep)
      try measuring(done, decides: true) { try lookAtGame(at: done, fault: fault) }
      // A step that was broken off has not taken all of its samples.
      if fault != nil {
        loader.stop()
        loader = setup.loader(at: cursor(done).batch, for: engine)
      }
      if let outcome = try endStep(done) { return try finish(outcome) }
    }
    return try finish(.done)
  }

  /// Measures, reports, saves and draws what is due when `done` steps are.
  /// - Returns: how the run ends there; nil where it goes on.
  private func endStep(_ done: Int) throws -> Outcome? {
    let options = setup.options
    let isStopping = engine.flags.contains(.stopRequested)
    let decides = setup.decidesByQuality(at: done, after: engine.state.best)
    let (scores, isBest) = try measuring(done, decides: decides) { try measureQuality(done) }
    let verdict = scores == nil ? nil : quality?.verdict(of: engine.state.convergence)
    let isEnd = done == setup.steps || verdict != nil
    let isLast = isEnd || isStopping
    let isMeasured = isEnd || setup.isDue(options.samples.every, at: done)
    let measurement = isMeasured ? try measure() : nil
    try reportIfDue(
      done, isLast: isLast,
      measured: (measurement?.statistics ?? []) + (scores?.statistics ?? [])
        + (scores == nil ? [] : engine.state.convergence?.statistics ?? []) + (steering?.measured ?? []),
      verdict: verdict)
    let isDoomed = engine.flags.contains(.dataFailing)
    if try isLast || isBest || isDoomed || isSaveDue(done) {
      try save(step: done)
    } else {
      try checkReplicas(done)
    }
    // On disk before anything is drawn: after a signal there may be a second left. So too where all ranks
    // know that one of them will not get its samples soon: the run ends there, not its work.
    if isStopping || isDoomed { try finishSaving() }
    if isMeasured || isLast { drawSamples(step: done, measurement) }
    if engine.timeline?.steps.upperBound == done { try writeTrace() }
    watchdog.board.enter(.computing)
    return verdict.map { .converged($0) } ?? (isEnd ? .done : isStopping ? .stopped : nil)
  }

  /// Whether the state after `done` steps is to be saved between others: not while updates are left out, so
  /// that generations from before, which may be sound, are kept.
  private func isSaveDue(_ done: Int) throws -> Bool {
    guard setup.isDue(setup.options.checkpoint.every, at: done) else { return false }
    try synchronize()
    return engine.state.skipped?.isClear != false
  }

  /// Measures on all ranks. A sample of the data that cannot be read ends the run, saved only where nothing is
  /// decided by what is measured: a resume would never decide it, and begins at the checkpoint before.
  private func measuring<T>(_ done: Int, decides: Bool, _ measure: () throws -> T) throws -> T {
    do { return try measure() } catch  where error is DatasetError || error is CoordinationError {
      try synchronize()
      if !decides {
        try reportIfDue(done, isLast: true, measured: steering?.measured ?? [], verdict: nil)
        try save(step: done)
      }
      try finishSaving(ofThisState: !decides)
      throw error
    }
  }

  /// Where the draws are before `step`.
  private func cursor(_ step: Int) -> Schedule.Cursor {
    engine.state.game?.cursor ?? schedule.cursor(at: step)
  }

  /// The samples that all ranks have read before `step`.
  private func samplesRead(before step: Int) -> Int { cursor(step).batch * setup.options.batch }

  /// Takes a step.
  /// - Returns: the fault that all ranks have found and recover from, if any.
  private func attemptStep(_ step: Int, from loader: BatchLoader) throws -> TurnError? {
    do {
      try takeStep(step, from: loader)
      // A fault is found at its own step, whatever else would look at the state there or not.
      if steering?.recovers == true { try synchronize() }
      return nil
    } catch let fault as TurnError where steering?.recovers == true {
      return fault
    }
  }

  private func takeStep(_ step: Int, from loader: BatchLoader) throws {
    let schedule = steering?.schedule ?? schedule
    let cursor = cursor(step)
    defer { engine.state.game?.cursor = schedule.cursor(after: cursor) }
    let seed = setup.options.seed &+ (steering?.seedOffset ?? 0)
    let addedNoise = steering?.addedNoise ?? 0
    let augmentation = steering?.augmentation
    var loaded: [LoadedMicroBatch] = []
    var microBatches: [MicroBatch] = []
    var last: MicroBatch.Draw?
    for turn in schedule.turns(at: step, from: cursor) {
      if turn.draw.batch != last?.batch { loaded = try load(for: turn, from: loader) }
      if turn.draw.round != last?.round {
        microBatches = loaded.map {
          MicroBatch(
            index: $0.number, parts: $0.parts, draw: turn.draw, images: $0.images, labels: $0.labels,
            seed: seed,
            addedNoise: addedNoise, augmentation: augmentation)
        }
      }
      last = turn.draw
      watchdog.board.begin(phase: turn.phase.index)
      try engine.take(
        turn, on: microBatches,
        flags: saver.flags.union(StopSignals.isStopWished ? .stopRequested : [])
          .union(loader.hasFailed ? .dataFailing : []))
    }
  }

  private func load(for turn: Turn, from loader: BatchLoader) throws -> [LoadedMicroBatch] {
    watchdog.board.enter(.loading)
    do {
      let loaded = try engine.timeline.span(.data, step: turn.step) { try loader.next() }
      interval.waitedForData += loaded.waited
      return loaded.microBatches
    } catch {
      engine.announceFailure(ExitStatus(of: error), at: turn)
      // What is replaced now are not the data that the run began with.
      let advised = (error as? DatasetError)?.advisingCheck(ofPairs: setup.options.arePairs)
        .advising("`train --from` goes on with changed data")
      throw CoordinationError.here(
        rank: setup.plan.rank, host: hosts[setup.plan.rank], ExitStatus(of: error),
        message: "\(advised ?? error)")
    }
  }

  /// Looks at the game, if that is due. A run that ends for what is found leaves it in the log and in
  /// pictures; no checkpoint, because nothing can go on from it.
  /// - Throws: ``WatchError`` if the policy ends the run; `CommunicationError`.
  private func lookAtGame(at done: Int, fault: TurnError?) throws {
    do {
      try steering?.look(at: done, fault: fault)
    } catch let error as WatchError {
      let measurement = try measure()
      try reportIfDue(
        done, isLast: true, measured: (measurement?.statistics ?? []) + (steering?.measured ?? []),
        verdict: nil)
      drawSamples(step: done, measurement)
      report.synchronize()
      throw error
    }
  }

  /// Waits for all sums. Where they are sound the start has come to something.
  private func synchronize() throws {
    try engine.synchronize()
    record.attempt?.settle(in: engine.state)
  }

  /// Measures samples where somebody reports it. All ranks look at the last sums, so that a fault ends all of
  /// them here.
  private func measure() throws -> SampleMeasurement? {
    try synchronize()
    guard !report.isSilent else { return nil }
    return SampleMeasurement(of: engine.model, setup.options)
  }

  /// Measures quality on all ranks, at the steps where that is due and at the run's last. Never because a run
  /// is interrupted: that would take time which a signal may not leave, and name another best generation.
  /// Before a save, because a generation tells what its own step was worth.
  /// - Returns: the scores, and whether the state is to be kept as the best one.
  private func measureQuality(_ done: Int) throws -> (QualityScores?, isBest: Bool) {
    guard quality?.isDue(at: done, isLast: done == setup.steps) == true else { return (nil, false) }
    try synchronize()
    guard let scores = try quality?.measure(engine.model) else { return (nil, false) }
    // Not at a last step that is not due: a run with more steps would end elsewhere.
    if setup.isDue(setup.options.quality.every, at: done) {
      engine.state.convergence = quality?.convergence(
        after: scores, step: done, before: engine.state.convergence)
    }
    guard setup.options.checkpoint.keepBest else { return (scores, false) }
    let best = quality?.best(after: scores, step: done, before: engine.state.best)
    defer { engine.state.best = best }
    return (scores, best != engine.state.best)
  }

  /// Compares the replicas at the steps where that is due. A save does it too.
  private func checkReplicas(_ done: Int) throws {
    guard exchange.size > 1, setup.isDue(setup.options.replicas.every, at: done) else { return }
    try synchronize()
    try ReplicaAudit.verifyScattered(engine.state, step: done, over: exchange)
  }

  /// Logs a line at the steps that are logged, and wherever something was measured.
  private func reportIfDue(
    _ done: Int, isLast: Bool, measured: [(Statistic, Float)], verdict: String?
  ) throws {
    let isLogged =
      isLast || setup.isDue(setup.options.log.every, at: done) || !measured.isEmpty
      || steering?.notes.isEmpty == false
    if isLogged { try synchronize() }
    let skips = engine.state.skipped?.takeNews() ?? []
    for skip in skips { report.progress.warning(skip) }
    let statistics = engine.reported(after: done)
    let samples = samplesRead(before: done)
    let epoch = Double(samples) / Double(setup.dataset.count)
    report.progress.completed(
      step: done, epoch: epoch,
      statistics: statistics.compactMap { statistic, value in
        statistic.label.map { (name: $0, value: Double(value)) }
      } + (quality?.progress ?? []), notes: steering?.progressNotes ?? [])
    guard isLogged else { return }
    let elapsed = (ContinuousClock.now - interval.start).seconds
    let notice = watchdog.takeNotice()
    let line = RunReport.Line(
      step: done, epoch: epoch,
      statistics: statistics + measured + (engine.state.skipped?.statistics ?? [])
        + engine.stepSizes(setup.options, after: done),
      notes: (steering?.notes ?? []) + (verdict.map { [(key: "converged", text: $0)] } ?? [])
        + (notice.map { [(key: "notice", text: $0)] } ?? []),
      imagesPerSecond: Double(samples - interval.firstSample) / max(elapsed, 1e-9),
      waitedForRanks: engine.waited - interval.waitedForRanks, waitedForData: interval.waitedForData,
      ranks: watchdog.takeTimes())
    report.log(line)
    record.gotOn()
    if let notice { report.progress.warning(notice) }
    warnOfData(elapsed)
    beginInterval(after: done)
  }

  private func beginInterval(after done: Int) {
    interval = LogInterval(firstSample: samplesRead(before: done), waitedForRanks: engine.waited)
  }

  /// Says once that steps wait for data, if they do so much of their time.
  private func warnOfData(_ elapsed: Double) {
    guard !hasWarnedOfData,
      let warning = Self.dataWarning(
        waited: interval.waitedForData, of: elapsed, isPath: setup.options.data.isPath,
        arePairs: setup.options.arePairs)
    else { return }
    hasWarnedOfData = true
    report.progress.warning(warning)
  }

  /// Draws samples where somebody shows them; what cannot be drawn is no reason to end a run.
  /// - Precondition: no sum is on its way.
  private func drawSamples(step: Int, _ measurement: SampleMeasurement?) {
    guard !report.isSilent else { return }
    let options = setup.options
    let source = LatentSource(
      of: engine.model, cutting: setup.dataset, seed: options.seed, purpose: .samples)
    let grid: SampleGrid
    do throws(DatasetError) {
      grid = try SampleGrid(count: options.samples.count, of: engine.model, source)
    } catch {
      return report.progress.warning("no samples are drawn at step \(step): \(error)")
    }
    let picture = SamplePicture(options, characters: setup.dataset.characters)
    let samples = grid.samples(by: engine.model)
    report.draw(
      samples: picture.pixels(of: samples, of: grid), text: picture.lines(of: samples),
      measured: measurement?.text, step: step,
      statistics: engine.model.phases.flatMap(\.statistics) + SampleMeasurement.statistics(of: options)
        + (options.quality.every > 0 ? QualityMetric.all(in: options.quality.space).map(\.statistic) : [])
        + GameDirector.statistics(of: options))
  }

  /// Saves a generation of everything. All ranks take part: their replicas are compared by hash first.
  private func save(step: Int) throws {
    try synchronize()
    // Only where every run with these options saves: no interruption may change where it goes back to.
    if try isSaveDue(step) { steering?.willSave(step: step) }
    try saver.save(engine, step: step)
  }

  /// Ends the last save, of what the engine has or of an earlier state, and tells what is on disk then, also
  /// where it has failed.
  private func finishSaving(ofThisState isThis: Bool = true) throws {
    defer { record.saved(saver.savedStep) }
    try saver.finish(repeatingOf: isThis ? engine : nil)
  }

  /// Writes what was kept of all ranks' time. All ranks take part.
  private func writeTrace() throws {
    guard let timeline = engine.timeline else { return }
    try synchronize()
    engine.timeline = nil
    let hosts = hosts
    let text = try exchange.perform { try ChromeTrace.gather(timeline, hosts: hosts, over: $0) }
    guard let text else { return }
    let name = ChromeTrace.fileName(timeline)
    do {
      try RunFolderFiles.replace(name, in: setup.folder, with: text)
      report.progress.notice("trace", path: "\(setup.folder)/\(name)")
    } catch {
      // A diagnosis is no reason to end a run.
      report.progress.warning("\(error)")
    }
  }

  /// Ends a run that has come to `outcome`.
  private func finish(_ outcome: Outcome) throws -> Outcome {
    watchdog.board.enter(.saving)
    try synchronize()
    try writeTrace()
    steering?.finish()
    try finishSaving()
    try UnsharedError.wrapping { try report.finish() }
    return outcome
  }
}
