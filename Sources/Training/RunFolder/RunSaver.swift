package import Checkpoints
import DataParallel
import Datasets
import MessagePassing
import Models
import Networks
import Platform
package import Reporting

/// Saves the generations of a run behind its training, and finds those to go back to. All ranks call the same
/// methods at the same steps.
///
/// Every rank that sees the run folder compresses and writes a share of each generation's files on a thread
/// of its own. That thread never communicates: a rank tells in the headers of its turns that its share is
/// written (``flags``), and at the end of the step at which all have said so (``complete(seen:)``) the
/// digests are gathered by the communication thread, and rank 0 commits, again behind the training. A rank
/// that could not write its share, for anything but space, writes none of the saves that follow; the others
/// write all.
final class RunSaver {
  private let setup: Trainer.Setup
  private let store: CheckpointStore
  private let writer: BackgroundCheckpointWriter
  private let report: RunReport
  private let exchange: RankExchange
  private let clock: () -> Int64
  /// The steps whose states may be gone back to, from the last that is known to be on disk on.
  private var refuges: [Int]
  /// The steps that were the best, from the last that is known to be on disk on.
  private var bests: [Int]
  /// The step of the last save that was begun.
  private var begunStep: Int?
  /// The step of the last generation that is known to be on disk.
  private(set) var savedStep: Int?
  /// Saves in a row that have failed on this rank.
  private var failures = FailedSaves()

  /// - Parameters:
  ///   - state: what the run begins with. The best generation and the one to go back to, which it names, may
  ///     be ones that could not be saved: then those before them stay too.
  ///   - writers: the ranks that write, rank 0 first.
  ///   - hosts: of all ranks, for messages.
  ///   - clock: milliseconds of the monotonic clock.
  init(
    _ setup: Trainer.Setup, _ state: RunState, store: CheckpointStore, writers: [Int], hosts: [String],
    over exchange: RankExchange, report: RunReport,
    clock: @escaping () -> Int64 = { MonotonicClock.milliseconds }
  ) {
    self.setup = setup
    self.clock = clock
    refuges = state.refuge.map { [$0] } ?? []
    bests = state.best.map { [$0.step] } ?? []
    if exchange.rank == 0 {
      if let refuge = refuges.first, !store.isWhole(step: refuge), let older = store.refuge(refuge, .silent) {
        refuges.insert(older.manifest.info.step, at: 0)
      }
      if let best = bests.first, let named = store.best.flatMap({ FolderName($0).step }), named != best {
        bests.insert(named, at: 0)
      }
    }
    self.store = store
    self.report = report
    self.exchange = exchange
    writer = BackgroundCheckpointWriter(
      store: store,
      peers: BackgroundCheckpointWriter.Peers(
        rank: exchange.rank, writers: writers, hosts: hosts, allGather: exchange.allGather))
  }

  /// What a turn's header tells the other ranks.
  var flags: StatusFlags {
    var flags: StatusFlags = writer.isPartWritten ? .partWritten : []
    if failures.areHopeless { flags.insert(.stopRequested) }
    return flags
  }

  /// Has a save committed of which all ranks have written their shares: one all-gather. Tells how a save went
  /// that has ended.
  /// - Parameter flags: what all ranks have said since it began; the same on all of them.
  /// - Throws: `CommunicationError`.
  func complete(seen flags: StatusFlags) throws {
    if writer.isSharedOut, flags.contains(.partWritten) { try writer.gather() }
    if let outcome = writer.takeEnded() { announce(outcome.map { $0 }) }
  }

  /// Begins to save the state after `step` steps, once all ranks' replicas of it have been found equal by
  /// their hash.
  /// - Parameter engine: complete: no sum is on its way.
  func save(_ engine: TurnEngine, step: Int) throws {
    let (options, state) = (setup.options, engine.state)
    try state.gatherShares(over: exchange)
    defer { state.keepOwnShare(of: exchange) }
    let data = setup.dataset.fingerprint.description
    let stateSHA256 = state.stateSHA256(step: step, arithmetic: options.arithmeticDigestInput, data: data)
    try ReplicaAudit.verify(state, stateSHA256, step: step, over: exchange)
    engine.forgetCommonFlags()
    report.synchronize()
    Self.note(state.refuge, in: &refuges)
    Self.note(state.best?.step, in: &bests)
    let info = GenerationInfo(
      step: step, programVersion: Program.version, worldSize: setup.plan.worldSize, recipe: options.recipe,
      model: options.modelDescription, options: options.withAbsolutePaths.canonicalYAML,
      optionsSHA256: SHA256.digest(of: options.arithmeticDigestInput),
      arithmeticSHA256: ArithmeticProbe.digest,
      dataFingerprint: data, classNames: setup.dataset.classNames, characters: setup.dataset.characters,
      weightsSHA256: exchange.rank == 0 ? state.weightsSHA256 : "",
      stateSHA256: stateSHA256, state: state.counters)
    begunStep = step
    let outcome = try writer.submit(
      GenerationContents(
        info: info, files: state.files,
        retained: RetainedGenerations(best: state.best?.step, others: refuges + bests)))
    if let outcome { announce(outcome.map { $0 }) }
    // Here alone: which generations stay must not depend on when a save ends.
    forgetOlder(in: &refuges)
    forgetOlder(in: &bests)
  }

  /// Adds a step that is to stay, if it is not the last one.
  private static func note(_ step: Int?, in steps: inout [Int]) {
    if let step, steps.last != step { steps.append(step) }
  }

  /// Removes those before the one that has just been saved, if it is one of them.
  private func forgetOlder(in steps: inout [Int]) {
    if let savedStep, let position = steps.firstIndex(of: savedStep) { steps.removeSubrange(..<position) }
  }

  /// Ends the save that is under way, and finds the generation of `step` or an older one to go back to.
  /// - Returns: nil on the ranks that do not coordinate, and where there is none.
  func refuge(_ step: Int) throws -> LoadedGeneration? {
    // The generation may still be on its way to the disk.
    do {
      announce(.success(try writer.finish()))
    } catch let error as CheckpointError {
      announce(.failure(error))
    }
    return exchange.rank == 0 ? store.refuge(step, report.progress) : nil
  }

  /// Ends the last save. If it has failed on ranks other than 0 alone, it is made again without these, until
  /// it fails on none of them.
  /// - Parameter engine: with the state that was saved, and complete; nil where it may have another one, and
  ///   none is saved after it.
  /// - Throws: its failure, on rank 0 alone; `CommunicationError`.
  func finish(repeatingOf engine: TurnEngine? = nil) throws {
    try writer.gather(isLast: engine == nil)
    // Each time there are fewer ranks that write.
    while let engine, let begunStep, writer.canBeRepeated {
      writer.leaveOutFailed()
      try save(engine, step: begunStep)
      try writer.gather()
    }
    let generation: Generation?
    do {
      generation = try writer.finish()
    } catch let error as CheckpointError {
      throw UnsharedError(cause: error)
    }
    announce(.success(generation))
  }

  /// Tells how a save went; training goes on after a failed one, because the older generations are whole.
  private func announce(_ outcome: Result<Generation?, CheckpointError>) {
    switch outcome {
    case .success(let generation?):
      savedStep = generation.step
      failures.clear()
      report.progress.notice("checkpoint", path: generation.path)
      if let trouble = generation.trouble {
        report.progress.warning("step \(generation.step) is saved, but \(trouble)")
      }
    case .success(nil): break
    case .failure(let error):
      failures.add(at: clock())
      let end = failures.areHopeless ? "; \(failures.count) saves in a row have failed, the run ends" : ""
      report.progress.warning("\(error)\(end)")
    }
  }
}

extension CheckpointStore {
  /// The generation of `step`, or where that is not whole the newest one before it that was saved after
  /// a good check; nil if there is none.
  package func refuge(_ step: Int, _ progress: ProgressReporter) -> LoadedGeneration? {
    do {
      return try load(FolderName.generation(step))
    } catch {
      progress.warning("\(error)")
    }
    let older = ((try? generations()) ?? []).filter { $0.step < step }.sorted { $0.step > $1.step }
    for generation in older {
      guard let loaded = try? load(generation.name),
        let game = GameState(loaded.manifest.info.state), game.watch.refuge == generation.step
      else { continue }
      return loaded
    }
    return nil
  }

  /// The ranks that see this store's folder, rank 0 first: rank 0 makes a folder in it, and all leave a file
  /// there. Two broadcasts and an all-gather.
  package func writers(over exchange: RankExchange) throws -> [Int] {
    guard exchange.size > 1 else { return [0] }
    let isFirst = exchange.rank == 0
    // Where nothing can be written now, the first save will say why.
    let made = isFirst ? (try? makeProbe()) ?? "" : ""
    let name = String(decoding: try exchange.broadcast(Array(made.utf8)), as: UTF8.self)
    guard !name.isEmpty else { return [0] }
    answerProbe(name, number: exchange.rank)
    _ = try exchange.allGather([UInt8]())
    let seen = isFirst ? collectProbe(name) : []
    let ranks = try exchange.broadcast(seen)
    return [0] + ranks.filter { (1..<exchange.size).contains($0) }
  }
}
