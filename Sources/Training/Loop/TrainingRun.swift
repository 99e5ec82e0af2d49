import Autograd
import Checkpoints
import DataParallel
import Datasets
package import MessagePassing
import Models
import Networks
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
  /// Whether to go on with the run in the folder.
  package let isResuming: Bool
  /// Whether the run folder gets a trace of the first steps.
  package let isTraced: Bool

  package init(
    recipe: String?, overrides: [String], folder: String?, isResuming: Bool, isTraced: Bool = false
  ) {
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
  /// - Returns: how the run ended.
  package static func run(
    _ request: TrainingRequest, over communicator: any Communicator,
    training threadCommunicator: sending any Communicator, output: ReportOutput,
    preparing prepare: (RunState) -> Void = { _ in }
  ) throws -> Trainer.Outcome {
    let layout = try communicator.nodeLayout()
    let watchdog = try Watchdog(over: communicator, layout: layout, timeout: coordinationTimeout)
    defer { watchdog.end() }
    let record = RunRecord(rank: communicator.rank, worldSize: communicator.size, board: watchdog.board)
    do {
      let outcome = try run(
        request, over: communicator, training: threadCommunicator, layout, watchdog, record, output,
        preparing: prepare)
      record.ended(outcome)
      return outcome
    } catch {
      if case .mpi? = error as? CommunicationError { watchdog.waitForVerdict() }
      record.failed(error)
      throw error
    }
  }

  private static func run(
    _ request: TrainingRequest, over communicator: any Communicator,
    training threadCommunicator: sending any Communicator, _ layout: NodeLayout, _ watchdog: Watchdog,
    _ record: RunRecord, _ output: ReportOutput, preparing prepare: (RunState) -> Void
  ) throws -> Trainer.Outcome {
    let rank = communicator.rank
    let size = communicator.size
    var reopened: RunFolder?
    let yaml = try communicator.fromCoordinator {
      if request.isResuming { reopened = try reopen(request) }
      return Array(try resolve(request, reopened).canonicalYAML.utf8)
    }
    let options = try Options.resolve(yaml: yaml, name: "run", label: "options.yaml")
    let nodes = try options.wire.check(layout, over: threadCommunicator)
    let (plan, dataset) = try communicator.together {
      let plan = try MicroBatchPlan(
        batch: options.batch, microBatches: options.microBatches, worldSize: size, rank: rank)
      let dataset = try Datasets.open(DatasetRequest(options))
      try options.checkLabels(of: dataset)
      if options.quality.every > 0 { try FeatureSpaces.check(dataset, options, rank: rank) }
      try plan.check(sampleCount: dataset.count)
      try MemoryError.check(options, plan, ranksOnNode: layout.localSize(of: rank))
      return (plan, dataset)
    }
    try Handshake(
      program: Handshake.programDigest(), kernels: KernelSet.current.rawValue,
      blas: options.quality.every > 0 || options.watch.every > 0 ? BLASLibrary.coreName : "not used",
      options: SHA256.digest(of: options.canonicalYAML), data: dataset.fingerprint.description
    ).verify(over: communicator)
    options.threads.apply(ranksOnNode: layout.localSize(of: rank))

    let model = options.family.makeModel(options)
    let samplesPerStep = options.batch * options.schedule(of: model).batchesPerStep
    let steps = options.length.steps(samples: dataset.count, batch: samplesPerStep)
    let state = RunState(model: model, options)
    state.powerSGD = options.powerSGD(for: model, plan, nodes: nodes)

    var folder: RunFolder?
    var generation: LoadedGeneration?
    var warnings: [String] = []
    let answer = try communicator.fromCoordinator {
      if let reopened {
        try reopened.checkResume(with: options)
        generation = try newest(in: reopened, record, &warnings)
        try check(generation, dataset)
        folder = reopened
      } else {
        // Before there is a folder, and before hours of training.
        let place = Files.nearestFolder(request.folder ?? "runs")
        try CheckpointStore(directory: place, keepLast: 1).requireSpace(for: state.files)
        folder =
          try request.folder.map { try RunFolder.create(at: $0, options: options) }
          ?? RunFolder.create(options: options)
      }
      let step = generation?.manifest.info.step ?? 0
      // A run that may have ended for its measurements saves no more.
      if let reopened, step < steps, options.stop.patience == 0 {
        try reopened.store.requireSpace(for: state.files)
      }
      return Array("\(step)\n\(folder?.path ?? "")".utf8)
    }
    let parts = String(decoding: answer, as: UTF8.self).split(separator: "\n", maxSplits: 1)
    let startStep = Int(parts[0]) ?? 0
    var told: [String] = []
    let reference =
      options.quality.every > 0
      ? try FeatureSpaces.reference(dataset, options, folder: folder?.path, over: communicator) {
        told.append($0)
      } : nil
    let setup = Trainer.Setup(
      options: options, plan: plan, dataset: dataset, steps: steps, folder: String(parts[1]),
      reference: reference,
      watch: options.watch.every > 0
        ? try WatchReference(dataset, options, like: reference, over: communicator) : nil)

    let progress = rank == 0 ? progress(setup, samplesPerStep, startStep, output) : .silent
    for warning in warnings { progress.warning(warning) }
    var notes: [String] = []
    try communicator.together {
      guard let generation else {
        if rank == 0 { notes = try InitialWeights.load(into: state, options) }
        return
      }
      try state.restore(generation)
      try state.verify(generation)
      try check(generation.manifest.info, setup)
    }
    let isGiven = startStep > 0 || !options.initial.files.isEmpty
    if isGiven { try state.broadcast(over: RankExchange(communicator)) }
    prepare(state)
    let report = try communicator.together {
      guard var open = folder else { return RunReport.silent }
      // Not before the state is there: a run that cannot go on stays as it is.
      if request.isResuming { try open.resume(with: options) }
      folder = open
      return try RunReport(folder: open, resumingAt: request.isResuming ? startStep : nil, progress: progress)
    }
    if rank == 0 { announce(setup, model, startStep, progress) }
    if request.isResuming, startStep == 0 {
      progress.notice("no checkpoint yet", path: "begins at step 0")
    }
    watchdog.board.completed(step: startStep)
    record.began(in: setup.folder)
    for note in told { progress.notice("features", path: note) }
    for note in notes { progress.notice("start", path: note) }
    if let note = state.powerSGD?.note { progress.notice("wire", path: note) }

    let store = CheckpointStore(
      directory: RunFolder.checkpointsPath(in: setup.folder), keepLast: options.checkpoint.keepLast)
    let writers = try store.writers(over: RankExchange(communicator))
    if writers.count < size {
      let others = (0..<size).filter { !writers.contains($0) }
      progress.notice(
        "checkpoints",
        path: "written by \(WatchReport.list(writers)); \(WatchReport.list(others)) do not see the run folder"
      )
    }
    if options.wire != .float32 {
      progress.notice(
        "wire",
        path:
          "\(options.wireText) between nodes, of which there \(nodes.count == 1 ? "is 1" : "are \(nodes.count)"): "
          + "other layouts of nodes give other bits")
    }
    let communication = CommunicationThread(threadCommunicator)
    defer { communication.finish() }
    try state.share(over: communication)
    if state.share == nil, layout.localSize(of: rank) > 1 {
      progress.notice("memory", path: "cannot be shared here; each rank of a node holds all of the state")
    }
    let engine = TurnEngine(
      state: state, plan: plan, options, communication: communication, acrossNodes: layout.names.count > 1)
    engine.board = watchdog.board
    if request.isTraced { engine.timeline = try Timeline(from: startStep, over: communicator) }
    watchdog.watch(
      timeout: options.stallTimeout, phases: model.phases.map(\.name),
      shares: (0..<size).map { plan.microBatches(of: $0).count }, folder: setup.folder)
    let trainer = Trainer(
      setup, engine: engine, startStep: startStep, communication: communication, report: report,
      saver: RunSaver(
        setup, store: store, writers: writers, over: RankExchange(communication), report: report),
      watchdog: watchdog, hosts: layout.nodeOfRank.map { layout.names[$0] })
    let outcome = try trainer.run(from: startStep) { record.attempt?.settle() }
    progress.finish(outcome.text(in: setup.folder))
    withExtendedLifetime(folder) {}
    return outcome
  }

  // MARK: Before the first step

  /// Seconds within which the ranks have agreed on what to do; the options are not known everywhere yet, and
  /// large data are read once.
  private static let coordinationTimeout = 1800.0

  private static func reopen(_ request: TrainingRequest) throws -> RunFolder {
    if let path = request.folder { return try RunFolder.reopen(at: path) }
    let recipe = try request.recipe.map { try RecipeSource.find($0).recipeName() }
    return try RunFolder.reopen(at: RunFolder.onlyDefault(recipe: recipe))
  }

  /// The options of a new run, or those of the run in the folder with what the command line changes.
  private static func resolve(_ request: TrainingRequest, _ reopened: RunFolder?) throws -> Options {
    guard let reopened else {
      return try Options.resolve(recipe: request.recipe ?? "dcgan", overrides: request.overrides)
    }
    if let recipe = request.recipe {
      let name = try RecipeSource.find(recipe).recipeName()
      guard name == reopened.options.recipe else {
        throw RunFolderError(
          .differentRecipe, "the run is of recipe \(reopened.options.recipe), not \(name)", reopened.path,
          "resume it with its own recipe, or choose another --run")
      }
    }
    return try reopened.options.applying(request.overrides)
  }

  private static func newest(
    in folder: RunFolder, _ record: RunRecord, _ warnings: inout [String]
  ) throws -> LoadedGeneration? {
    let store = folder.store
    _ = try store.cleanLeftovers()
    let selection = try store.newestValid(maximumAttempts: ResumeAttempt.limit)
    warnings += selection.rejected.map { "\($0.name) is passed over: \($0.reason)" }
    guard let generation = selection.generation else {
      guard selection.rejected.isEmpty else { throw selection.rejected[0].reason }
      return nil
    }
    record.attempt = ResumeAttempt(from: generation.name, in: store)
    return try store.load(generation.name)
  }

  /// Checks that the data are those that a generation was trained on.
  private static func check(_ generation: LoadedGeneration?, _ dataset: any ImageDataset) throws {
    guard let info = generation?.manifest.info else { return }
    let fingerprint = dataset.fingerprint.description
    guard info.dataFingerprint == fingerprint else {
      throw CoordinationError.disagreement(
        "the data are not those of the run, data=\(dataset.name) has fingerprint \(fingerprint.prefix(16)), the "
          + "checkpoint \(info.dataFingerprint.prefix(16)); name the data the run began with")
    }
  }

  /// Checks, once it is known to be of this model, that a generation was made by the arithmetic of these
  /// options and is not past their end.
  private static func check(_ info: GenerationInfo, _ setup: Trainer.Setup) throws(RunFolderError) {
    guard info.optionsSHA256 == SHA256.digest(of: setup.options.arithmeticDigestInput) else {
      throw RunFolderError(
        .cannotGoOn, "options.yaml does not describe the arithmetic that the checkpoint was made by",
        setup.folder, "restore options.yaml as the run wrote it and resume with the same version of lockstep")
    }
    guard info.step <= setup.steps else {
      throw RunFolderError(
        .cannotGoOn, "the run has done \(info.step) steps, more than the \(setup.steps) asked for",
        setup.folder,
        "resume with a larger steps=, or leave it out")
    }
  }

  private static func progress(
    _ setup: Trainer.Setup, _ samplesPerStep: Int, _ startStep: Int, _ output: ReportOutput
  ) -> ProgressReporter {
    ProgressReporter(
      ProgressReporter.Plan(
        steps: setup.steps, firstStep: startStep, itemsPerStep: samplesPerStep,
        itemName: setup.dataset.sampleName,
        linesEvery: setup.options.log.every), output: output)
  }

  private static func announce(
    _ setup: Trainer.Setup, _ model: any Model, _ startStep: Int, _ progress: ProgressReporter
  ) {
    let parameters = model.networks.map { "\($0.name) \($0.store.count)" }.joined(separator: ", ")
    progress.notice(
      "model", path: "\(setup.options.modelDescription), parameters: \(parameters)")
    let data = [setup.dataset.name, "\(setup.dataset.count) samples an epoch"] + setup.dataset.remarks
    progress.notice("data", path: data.joined(separator: ", "))
    let threads = Count.text(ComputeThreads.count, "thread")
    let parts = Count.text(setup.options.microBatches, "micro-batch", "micro-batches")
    progress.notice(
      "ranks",
      path: "\(setup.plan.worldSize) x \(threads), batch \(setup.options.batch) in \(parts), "
        + "\(CPUFeatures.current), kernels \(KernelSet.current.rawValue)")
    progress.notice(startStep > 0 ? "resuming after step \(startStep)" : "run", path: setup.folder)
  }
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
