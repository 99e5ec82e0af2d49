import Checkpoints
import DataParallel
import Datasets
package import MessagePassing
import Models
import Platform
package import Reporting
import TensorCore

/// What a person asks for with `lockstep train`.
package struct TrainingRequest: Sendable {
  /// A recipe's name or file; may be absent when a run is resumed.
  package let recipe: String?
  /// `key=value` words.
  package let overrides: [String]
  /// The run folder; nil for the default.
  package let folder: String?
  /// The run or the checkpoint whose options and state a new run begins with.
  package let source: String?
  /// Whether to go on with the run in the folder.
  package let isResuming: Bool
  /// Whether the run folder gets a trace of the first steps.
  package let isTraced: Bool

  package init(
    recipe: String?, overrides: [String], folder: String?, from source: String? = nil, isResuming: Bool,
    isTraced: Bool = false
  ) {
    self.source = source
    self.isTraced = isTraced
    self.recipe = recipe
    self.overrides = overrides
    self.folder = folder
    self.isResuming = isResuming
  }
}

/// A training run on one rank: agrees with the others on what is to be done, then trains.
///
/// Rank 0 coordinates: it resolves the recipe, opens the run folder and reads the checkpoint, and all ranks
/// get its answer or stop with it. Every rank opens the data itself; program, options and data are compared
/// before the first step.
package enum TrainingRun {
  /// Trains.
  /// - Parameters:
  ///   - communicator: connects all ranks before the first step.
  ///   - threadCommunicator: connects them during training; the communication thread's.
  ///   - prepare: changes the state before the first step; nothing unless a benchmark asks for it.
  ///   - clock: milliseconds of the monotonic clock, by which saves that fail are judged.
  /// - Returns: how the run ended.
  package static func run(
    _ request: TrainingRequest, over communicator: any Communicator,
    training threadCommunicator: sending any Communicator, output: ReportOutput,
    preparing prepare: (RunState) -> Void = { _ in },
    timingSavesBy clock: @escaping () -> Int64 = { MonotonicClock.milliseconds }
  ) throws -> Trainer.Outcome {
    let layout = try communicator.nodeLayout()
    let watchdog = try Watchdog(over: communicator, layout: layout, timeout: coordinationTimeout)
    defer { watchdog.end() }
    let communicator = WatchedCommunicator(communicator, telling: watchdog.board)
    MemoryExhaustion.setLastWords { watchdog.tellOfExhaustion() }
    defer { MemoryExhaustion.setLastWords(nil) }
    // A launcher waits for this no longer than for a rank that stalls; the data may take longer.
    if communicator.rank == 0, Files.environment(RunStatus.startVariable) != nil {
      let (ranks, hosts) = (Count.text(communicator.size, "rank"), Count.text(layout.names.count, "host"))
      output.write("\(RunNotes.joinedSubject): \(ranks) on \(hosts)\n")
    }
    let record = RunRecord(rank: communicator.rank, worldSize: communicator.size, board: watchdog.board)
    // As `untilAllEnd`, whose closure could not send the communicator on.
    do {
      let outcome = try run(
        request, over: communicator, training: threadCommunicator, layout, watchdog, record, output,
        preparing: prepare, clock)
      _ = try communicator.meetAtEnd()
      record.ended(outcome)
      return outcome
    } catch {
      record.failed(error, told: watchdog.meetAtEnd(over: communicator, after: error))
      throw error
    }
  }

  private static func run(
    _ request: TrainingRequest, over communicator: any Communicator,
    training threadCommunicator: sending any Communicator, _ layout: NodeLayout, _ watchdog: Watchdog,
    _ record: RunRecord, _ output: ReportOutput, preparing prepare: (RunState) -> Void,
    _ clock: @escaping () -> Int64
  ) throws -> Trainer.Outcome {
    let rank = communicator.rank
    try Handshake(program: Handshake.programDigest()).verify(over: communicator)
    let (options, reopened) = try RunAgreement.options(of: request, over: communicator)
    let nodes = try options.wire.check(layout, over: threadCommunicator)
    let (plan, dataset) = try RunAgreement.work(of: request, options, layout, over: communicator)
    watchdog.dataAreOpen()
    options.threads.apply(ranksOnNode: layout.localSize(of: rank))

    let model = options.makeModel()
    // To draw and to measure may take longer than the watchdog waits for a sign of life.
    model.noteProgress = { [board = watchdog.board] in board.noteProgress() }
    let samplesPerStep = options.batch * options.schedule(of: model).batchesPerStep
    let steps = options.length.steps(samples: dataset.count, batch: samplesPerStep)
    let state = RunState(model: model, options)
    state.powerSGD = options.powerSGD(for: model, plan, nodes: nodes)

    var start = try RunStart(
      request, reopened, options, dataset, state, steps: steps, record, over: communicator)
    var notes = RunNotes()
    let reference =
      options.quality.every > 0
      ? try FeatureSpaces.reference(dataset, options, folder: start.folder?.path, over: communicator) {
        notes.add("features", $0)
      } : nil
    let setup = Trainer.Setup(
      options: options, plan: plan, dataset: dataset, steps: steps, folder: start.path, reference: reference,
      watch: options.watch.every > 0
        ? try WatchReference(dataset, options, like: reference, over: communicator) : nil)

    let progress = rank == 0 ? ProgressReporter(setup, samplesPerStep, start.step, output) : .silent
    let turns = options.schedule(of: model).cursor(at: steps).turn
    for warning in start.warnings + options.penaltiesNotReached(in: turns) { progress.warning(warning) }
    try start.load(into: state, setup, &notes, over: communicator)
    prepare(state)
    let report = try start.report(options, progress, over: communicator)
    progress.announce(setup, model, start)
    watchdog.board.completed(step: start.step)
    watchdog.watch(
      timeout: options.stallTimeout, phases: model.phases.map(\.name),
      shares: (0..<communicator.size).map { plan.microBatches(of: $0).count }, folder: setup.folder,
      start: start.mark)
    record.began(start)

    var files = FileSystem()
    // A save may take longer than the watchdog waits for a sign of life.
    files.noteProgress = { [board = watchdog.board] in board.noteProgress() }
    let store = CheckpointStore(
      directory: RunFolder.checkpointsPath(in: setup.folder), keepLast: options.checkpoint.keepLast,
      fileSystem: files)
    let writers = try store.writers(over: RankExchange(communicator))
    let communication = CommunicationThread(threadCommunicator)
    defer { communication.finish() }
    let exchange = RankExchange(communication, telling: watchdog.board)
    try state.share(over: exchange, step: start.step)
    notes.addWire(options, state, nodes: nodes.count)
    notes.addWriters(writers, of: communicator.size)
    if state.share == nil, layout.localSize(of: rank) > 1 {
      notes.add("memory", "cannot be shared here; each rank of a node holds all of the state")
    }
    notes.tell(progress)

    let engine = TurnEngine(
      state: state, plan: plan, options, communication: communication, acrossNodes: layout.names.count > 1)
    engine.board = watchdog.board
    if request.isTraced { engine.timeline = try Timeline(from: start.step, over: communicator) }
    let trainer = Trainer(
      setup, engine: engine, exchange: exchange, report: report,
      saver: RunSaver(
        setup, state, store: store, writers: writers, hosts: layout.hosts, over: exchange, report: report,
        clock: clock),
      watchdog: watchdog, record: record, hosts: layout.hosts)
    let outcome = try trainer.run(from: start.step, isFork: start.isFork)
    progress.finish(outcome.text(in: setup.folder))
    // Its lock is held until here.
    withExtendedLifetime(start.folder) {}
    return outcome
  }

  /// Seconds within which the ranks have agreed on what to do; the options are not known everywhere yet, and
  /// large data are read once.
  static let coordinationTimeout = 1800.0
}

extension Trainer.Outcome {
  /// For people.
  fileprivate func text(in folder: String) -> String {
    switch self {
    case .done: "done"
    case .stopped: "stopped early and saved; \(RunFolder.resumeWords(folder)) goes on"
    case .converged(let verdict): "done, because \(verdict)"
    }
  }
}
