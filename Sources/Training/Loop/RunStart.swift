import Checkpoints
import Datasets
import Glibc
import MessagePassing
import Models
import Platform
import Reporting

/// Where a run begins: in a folder of its own, or behind a generation of a run that is resumed. All ranks
/// know step and path, rank 0 has folder and generation.
package struct RunStart {
  /// Steps that are done.
  let step: Int
  /// The run folder.
  let path: String
  /// What tells this start of the run from others, see ``RunStatus/start``.
  let mark: String
  /// Whether there was a run in it.
  let isResuming: Bool
  /// The folder, on rank 0.
  private(set) var folder: RunFolder?
  /// What rank 0 has passed over.
  let warnings: [String]
  private let generation: LoadedGeneration?
  /// Whether a new run begins with the state of another one.
  let isFork: Bool
  /// What rank 0 has taken from files instead of random weights.
  private let taken: [String]

  /// Rank 0 makes the folder, or finds the generation. One broadcast.
  /// - Parameters:
  ///   - reopened: the folder of the run that is resumed, on rank 0.
  ///   - state: before the first step; what will be saved is as large. That of rank 0 has the weights that
  ///     the options begin with, once they have been found good before there is a folder.
  ///   - steps: those of the whole run.
  init(
    _ request: TrainingRequest, _ reopened: RunFolder?, _ options: Options, _ dataset: any ImageDataset,
    _ state: RunState, steps: Int, _ record: RunRecord, over communicator: any Communicator
  ) throws {
    var folder: RunFolder?
    var generation: LoadedGeneration?
    var forkedStep: Int?
    var warnings: [String] = []
    var taken: [String] = []
    let answer = try communicator.fromCoordinator {
      try options.checkDecay(over: steps)
      if let reopened {
        try reopened.checkResume(with: options)
        generation = try Self.newest(in: reopened, record, &warnings)
        try Self.check(generation, dataset)
        if generation != nil { try Self.checkInitial(options, as: reopened.options) }
        if let warning = generation.flatMap({ ArithmeticProbe.warning(of: $0.manifest.info) }) {
          warnings.append(warning)
        }
      } else {
        // Before there is a folder, and before hours of training.
        try request.folder.map { try RunFolder.requireFree(at: $0) }
        let place = Files.nearestFolder(request.folder ?? "runs")
        try CheckpointStore(directory: place, keepLast: 1).requireSpace(for: state.files)
      }
      // A run that ended before its first generation begins as it began.
      if generation == nil {
        let beginning = try Self.begin(state, options, steps: steps)
        (taken, forkedStep) = (beginning.taken, beginning.step)
        warnings += beginning.warnings
      }
      folder =
        try reopened ?? request.folder.map {
          try RunFolder.create(at: $0, options: options.withAbsolutePaths)
        }
        ?? RunFolder.create(options: options.withAbsolutePaths)
      let step = generation?.manifest.info.step ?? forkedStep ?? 0
      // A run that may have ended for its measurements saves no more.
      if let reopened, step < steps, !options.endsByQuality {
        try reopened.store.requireSpace(for: state.files)
      }
      let mark = Files.environment(RunStatus.startVariable).map(Self.mark) ?? Self.newMark
      return Array("\(step)\n\(mark)\n\(forkedStep == nil ? "own" : "fork")\n\(folder?.path ?? "")".utf8)
    }
    let parts = String(decoding: answer, as: UTF8.self).split(
      separator: "\n", maxSplits: 3, omittingEmptySubsequences: false)
    guard parts.count == 4, let step = Int(parts[0]) else { preconditionFailure("rank 0 tells of its start") }
    (self.step, mark, path) = (step, String(parts[1]), String(parts[3]))
    isResuming = request.isResuming
    self.folder = folder
    self.generation = generation
    isFork = parts[2] == "fork"
    self.warnings = warnings
    self.taken = taken
  }

  /// A mark on one line.
  private static func mark(_ text: String) -> String { text.filter { !$0.isNewline } }

  /// A mark that no other start has.
  package static var newMark: String {
    mark("\(Host.name ?? "localhost")/\(getpid())/\(MonotonicClock.milliseconds)")
  }

  /// Puts the generation, or the weights that rank 0 begins with, into the state of all ranks.
  func load(
    into state: RunState, _ setup: Trainer.Setup, _ notes: inout RunNotes, over communicator: any Communicator
  ) throws {
    try communicator.together {
      guard let generation else { return }
      try state.restore(generation)
      try state.verify(generation)
      try Self.check(generation.manifest.info, setup)
    }
    for note in taken { notes.add("start", note) }
    if step > 0 || !setup.options.initial.files.isEmpty {
      try state.broadcast(over: RankExchange(communicator))
    }
  }

  /// What is written of the run; nothing on other ranks than rank 0. To be called when the state is there: a
  /// run that cannot go on stays as it is.
  mutating func report(
    _ options: Options, _ progress: ProgressReporter, over communicator: any Communicator
  ) throws -> RunReport {
    try communicator.together {
      guard var open = folder else { return .silent }
      let loggedEvery = open.options.log.every
      if isResuming { try open.resume(with: options.withAbsolutePaths) }
      folder = open
      return try RunReport(
        folder: open, resumingAt: isResuming ? step : nil, loggedEvery: loggedEvery, progress: progress)
    }
  }

  private static func newest(
    in folder: RunFolder, _ record: RunRecord, _ warnings: inout [String]
  ) throws -> LoadedGeneration? {
    let store = folder.store
    _ = try store.cleanLeftovers()
    let selection = try store.newestValid(maximumAttempts: ResumeAttempt.limit)
    warnings += selection.rejected.map { "\($0.name) is passed over: \($0.reason)" }
    guard let generation = selection.generation else {
      try selection.requireWholeIfAny()
      if let saved = RunStatus.read(in: folder.path)?.checkpoint {
        throw RunFolderError(
          .cannotGoOn, "the run had saved step \(saved), and none of its checkpoints is there",
          RunFolder.checkpointsPath(in: folder.path),
          "bring them back, or begin another run with another --run")
      }
      return nil
    }
    record.attempt = ResumeAttempt(from: generation.name, in: store)
    // Every byte of it has just been verified.
    return try store.load(generation.name, verify: false)
  }

  /// A run that has been trained reads nothing to begin with. Words that it was begun with may stand there
  /// again.
  private static func checkInitial(_ options: Options, as own: Options) throws(OptionsError) {
    let changed = own.withAbsolutePaths.differences(to: options.withAbsolutePaths).filter {
      $0.path.hasPrefix("init.") && $0.before.flatMap(Files.real) != $0.after.flatMap(Files.real)
    }.map(\.path)
    guard !changed.isEmpty else { return }
    throw OptionsError(
      .configuration,
      changed.map {
        OptionProblem(
          what: "\($0) is given, but the run has weights of its own", origin: .commandLine($0),
          advice: "remove it, or choose another --run")
      })
  }

  /// Gives a state before the first step what its options begin with instead of random numbers.
  /// - Returns: for people, what was taken from where; the steps that were done for it, if it is another
  ///   run's whole state; and the checkpoints of that run that were passed over.
  /// - Throws: `CheckpointError`; ``RunFolderError`` for a state after more steps than the run has, and for a
  ///   length in epochs where these would be miscounted.
  package static func begin(
    _ state: RunState, _ options: Options, steps: Int
  ) throws -> (taken: [String], step: Int?, warnings: [String]) {
    guard let source = options.initial.run else {
      return (try InitialWeights.load(into: state, options), nil, [])
    }
    let other = try FoundCheckpoint(at: source)
    let note = try begin(state, with: other, options, steps: steps)
    let taken = ["the whole state of \(other.generation.path)"] + (note.map { [$0] } ?? [])
    return (taken, other.info.step, other.rejected)
  }

  /// Puts the state of another run's checkpoint into that of a run which is to begin with it.
  ///
  /// Where the run remembers how far its draws are, they go on behind the other one's. Else that follows from
  /// the number of steps, and is elsewhere in the data where batch or turns are others.
  /// - Returns: for people, if it is elsewhere.
  private static func begin(
    _ state: RunState, with other: FoundCheckpoint, _ options: Options, steps: Int
  ) throws -> String? {
    let (generation, step) = (other.generation, other.info.step)
    guard step < steps else {
      throw RunFolderError(
        .cannotGoOn, "the state is that after \(step) steps, and the run has no more than \(steps)",
        generation.path,
        "give a larger steps=")
    }
    let own = try other.options()
    let schedule = options.schedule(of: state.model)
    // One of another family has other networks, whose tensors are refused below.
    let before = own.family == options.family ? own.schedule(of: state.model) : schedule
    let drawn = GameState(other.info.state)?.cursor ?? before.cursor(at: step)
    let place = schedule.cursor(at: step)
    let (read, counted) = (drawn.batch * own.batch, place.batch * options.batch)
    let (old, new) = (own.batch * before.batchesPerStep, options.batch * schedule.batchesPerStep)
    guard old == new || options.length.epochs == nil else {
      throw RunFolderError(
        .cannotGoOn, "a length in epochs would count steps of \(old) samples, before the state, as of \(new)",
        generation.path, "give steps= instead of epochs=, or leave batch and turns as they were")
    }
    do {
      try state.restore(
        generation,
        ofOtherRunBegunAt: Schedule.Cursor(
          round: drawn.round, batch: (read + options.batch - 1) / options.batch, turn: drawn.turn),
        // A lead counts from the recipe's turns.
        keepsLead: own.balance.every > 0 && before == schedule,
        keepsAugmentation: own.augmentation == .ada && own.initialAugmentation == options.initialAugmentation)
    } catch let error as CheckpointError {
      throw error.advising(
        "a whole state leaves its tensors what they are: leave out what changes networks, kinds of optimizers, "
          + "replay.size or wire, or begin with weights alone (init.NETWORK=)")
    }
    try state.verify(generation)
    // It is saved before the first step.
    if options.rewinds { state.game?.watch.refuge = step }
    guard state.game == nil else { return nil }
    if counted != read {
      return "\(step) steps count as \(counted) samples, and \(read) were read: the data go on at the former"
    }
    return place.round == drawn.round
      ? nil
      : "\(step) steps count as \(place.round) draws of noise, and \(drawn.round) were made: noise goes on at the former"
  }

  /// Checks that the data are those that a generation was trained on.
  private static func check(_ generation: LoadedGeneration?, _ dataset: any ImageDataset) throws {
    guard let info = generation?.manifest.info else { return }
    let fingerprint = dataset.fingerprint.description
    guard info.dataFingerprint == fingerprint else {
      throw CoordinationError.disagreement(
        "the data are not those of the run, data=\(dataset.name) has fingerprint \(fingerprint.prefix(16)), the "
          + "checkpoint \(info.dataFingerprint.prefix(16)); name the data the run began with, or go on with these in "
          + "another run (train --from)")
    }
  }

  /// Checks, once it is known to be of this model, that a generation was made by the arithmetic of these
  /// options and is not past their end.
  private static func check(_ info: GenerationInfo, _ setup: Trainer.Setup) throws(RunFolderError) {
    guard info.optionsSHA256 == SHA256.digest(of: setup.options.arithmeticDigestInput) else {
      let own = info.options.flatMap {
        try? Options.resolve(yaml: Array($0.utf8), name: "checkpoint", label: Manifest.fileName)
      }
      let changed = own?.obstacles(to: setup.options) ?? []
      throw RunFolderError(
        .cannotGoOn,
        "options.yaml does not describe the arithmetic that the checkpoint was made by"
          + (changed.isEmpty ? "" : ": \(Prose.list(changed.map(\.description)))"),
        setup.folder, "restore options.yaml as the run wrote it and resume with the same version of lockstep")
    }
    guard info.step <= setup.steps else {
      throw RunFolderError(
        .cannotGoOn, "the run has done \(info.step) steps, more than the \(setup.steps) asked for",
        setup.folder, "resume with a larger steps=, or leave it out")
    }
  }
}
