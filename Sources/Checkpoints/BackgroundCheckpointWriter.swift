import Platform

/// Saves generations behind the training: what is to be saved is copied, then compressed and written by
/// threads of their own, one in each process that takes part.
///
/// One save is under way at a time. With ``Peers`` all processes call the same methods in the same order.
/// Those that see the store write a share of the files each (``GenerationContents/shares(among:)``). When all
/// have written theirs, which the processes have to tell each other in their own way (``isPartWritten``),
/// ``gather(isLast:)`` brings the digests together, and the first of them writes the manifest and commits.
/// The threads exchange nothing: they only write.
///
/// One that has not been able to write its part writes no more of them: the others do, from the next save on.
/// One that has found no space left goes on, since a disk that is full for one may be so for all, and is
/// emptied again; the same contents may be saved without it (``leaveOutFailed()``). Without the coordinator
/// there is no save.
///
/// Not for use from several threads: it belongs to the one that trains.
public final class BackgroundCheckpointWriter {
  /// The processes among which a save is shared out.
  package struct Peers {
    /// This process's number; 0 coordinates.
    package let rank: Int
    /// The numbers of those who write at first, ascending; 0 is one of them.
    package let writers: [Int]
    /// The hosts of all, for messages; those that are not there are not named.
    package let hosts: [String]
    /// Gives every process the bytes of all, in the order of their numbers.
    package let allGather: ([UInt8]) throws -> [[UInt8]]

    /// - Precondition: 0 is the first of the writers.
    package init(
      rank: Int, writers: [Int], hosts: [String] = [], allGather: @escaping ([UInt8]) throws -> [[UInt8]]
    ) {
      precondition(writers.first == 0, "the coordinator writes")
      self.rank = rank
      self.writers = writers
      self.hosts = hosts
      self.allGather = allGather
    }
  }

  private typealias Outcome = Result<Generation, CheckpointError>

  private let store: CheckpointStore
  private let peers: Peers
  /// The numbers of those who write, ascending; the same on all processes.
  private var writers: [Int]
  /// The numbers of those that failed in the last save that was shared out, unless the coordinator is one
  /// of them; the same on all processes.
  private var failed: [Int] = []
  /// The save that is shared out, and this process's part of it; a process that writes nothing has no job.
  private var part: (save: SharedSave, job: BackgroundJob<Result<[Manifest.File], CheckpointError>>?)?
  /// On the coordinator: a whole save where it is alone, the end of one where it is not.
  private var ending: BackgroundJob<Outcome>?
  private var unreported: Outcome?

  /// A writer into `store`, alone or together with others.
  package init(store: CheckpointStore, peers: Peers) {
    self.store = store
    self.peers = peers
    writers = peers.writers
  }

  /// Whether the last save that was shared out has failed on others than the coordinator alone, so that the
  /// same contents may be saved without these; the same on all processes.
  package var canBeRepeated: Bool { !failed.isEmpty }

  /// Whether a save waits for ``gather(isLast:)``; the same on all processes.
  package var isSharedOut: Bool { part != nil }

  /// Whether a save is under way of which this process has written its part.
  package var isPartWritten: Bool { part.map { $0.job?.isDone ?? true } ?? false }

  /// Waits for the save before, if it is still under way, copies what this process is to write of `contents`,
  /// and starts to write it. Once this returns, the caller may overwrite the tensors' storage.
  ///
  /// - Returns: on the coordinator, the outcome of the save before, or nil if there was none or it has been
  ///   told. A failed intermediate save need not end the training: the older generations are untouched.
  /// - Throws: what communication throws.
  public func submit(_ contents: GenerationContents) throws -> Result<Generation, CheckpointError>? {
    let outcome = try takeOutcome()
    failed = []
    guard writers.count > 1 else {
      if peers.rank == 0 {
        let snapshot = contents.snapshot()
        ending = BackgroundJob(.standsBack) { [store] in
          Result { () throws(CheckpointError) in try store.save(snapshot) }
        }
      }
      return outcome
    }
    guard let folder = try stage(contents) else { return outcome }
    var job: BackgroundJob<Result<[Manifest.File], CheckpointError>>?
    if let position = writers.firstIndex(of: peers.rank) {
      let share = contents.share(contents.shares(among: writers.count)[position])
      job = BackgroundJob(.standsBack) { [store] in
        Result { () throws(CheckpointError) in try store.write(share, into: folder) }
      }
    }
    let save = SharedSave(
      folder: folder, info: contents.info, retained: contents.retained, names: contents.files.map(\.name))
    part = (save, job)
    return outcome
  }

  /// Has the coordinator make the temporary folder, and tells all its name.
  /// - Returns: nil on all if it cannot be made.
  private func stage(_ contents: GenerationContents) throws -> String? {
    var made = ""
    if peers.rank == 0 {
      do throws(CheckpointError) { made = try store.stage(contents) } catch { unreported = .failure(error) }
    }
    let folder = String(decoding: try peers.allGather(Array(made.utf8))[0], as: UTF8.self)
    return folder.isEmpty ? nil : folder
  }

  /// Waits until all parts are written, and has the coordinator commit the generation, or give it up if a
  /// part failed; those that failed for anything but space write no further ones. One all-gather of what the
  /// manifest says about each part.
  ///
  /// - Parameter isLast: whether no save follows, for messages.
  /// - Throws: what communication throws.
  package func gather(isLast: Bool = false) throws {
    guard let (save, job) = part else { return }
    part = nil
    let reports = try peers.allGather(save.report(of: job?.wait() ?? .success([])))
    let failures = reports.map(SharedSave.failure(of:))
    failed = failures.indices.filter { failures[$0] != nil }
    if failed.first == 0 { failed = [] }
    writers.removeAll { failed.contains($0) && failures[$0] != .noSpace }
    guard peers.rank == 0 else { return }
    ending = BackgroundJob(.standsBack) { [store, hosts = peers.hosts] in
      Result { () throws(CheckpointError) in try save.end(in: store, reports, from: hosts, isLast: isLast) }
    }
  }

  /// Has those that failed in the last save that was shared out write no further ones, whatever the cause.
  package func leaveOutFailed() { writers.removeAll(where: failed.contains) }

  /// The outcome of a save that has ended, which no other method tells then; nil if none has ended, and where
  /// this process is not the coordinator. Neither waits nor communicates.
  public func takeEnded() -> Result<Generation, CheckpointError>? {
    if let ending {
      guard ending.isDone else { return nil }
      unreported = ending.wait()
    }
    defer { (ending, unreported) = (nil, nil) }
    return unreported
  }

  /// Waits for the last save.
  ///
  /// - Returns: on the coordinator, the generation that was saved, or nil if nothing was submitted since the
  ///   outcome was last told.
  /// - Throws: ``CheckpointError`` if that save failed; what communication throws.
  @discardableResult
  public func finish() throws -> Generation? {
    try takeOutcome()?.get()
  }

  private func takeOutcome() throws -> Outcome? {
    try gather()
    defer { (ending, unreported) = (nil, nil) }
    return ending?.wait() ?? unreported
  }
}

/// A save whose files several processes write, when they are written.
private struct SharedSave {
  /// The temporary folder.
  let folder: String
  let info: GenerationInfo
  let retained: RetainedGenerations
  /// The names of all files, in the manifest's order.
  let names: [String]

  /// What a process tells the others: a manifest of its files alone, or why there is none.
  func report(of written: Result<[Manifest.File], CheckpointError>) -> [UInt8] {
    switch written {
    case .success(let files):
      return [0] + Manifest(formatVersion: .current, info: info, files: files).encoded()
    case .failure(let error):
      return [1, error.kind.rawValue] + Array("\(error.problem)\n\(error.advice)\n\(error.path)".utf8)
    }
  }

  /// Of what kind the failure is that a report tells; nil where it tells of files.
  static func failure(of report: [UInt8]) -> CheckpointError.Kind? {
    guard report.first == 1 else { return nil }
    return report.dropFirst().first.flatMap(CheckpointError.Kind.init(rawValue:)) ?? .inputOutput
  }

  /// Commits the generation, or gives it up if a process failed.
  /// - Parameters:
  ///   - hosts: of the processes, for messages.
  ///   - isLast: whether no save follows.
  func end(
    in store: CheckpointStore, _ reports: [[UInt8]], from hosts: [String], isLast: Bool
  ) throws(CheckpointError) -> Generation {
    var files: [String: Manifest.File] = [:]
    do throws(CheckpointError) {
      if let failure = failure(reports, from: hosts, isLast: isLast) { throw failure }
      for report in reports {
        let manifest = try Manifest(parsing: Array(report.dropFirst()), path: folder)
        for file in manifest.files { files[file.stem] = file }
      }
    } catch {
      store.abandon(folder)
      throw error
    }
    let all = names.compactMap { files[$0] }
    precondition(all.count == names.count, "every file is in one share")
    return try store.commit(info, all, from: folder, retaining: retained)
  }

  /// Why a save has failed: what the first rank tells for which it has, with all that tell the same, and then
  /// what others tell. Nil where it has not.
  private func failure(_ reports: [[UInt8]], from hosts: [String], isLast: Bool) -> CheckpointError? {
    var failed: [Int] = []
    var causes: [(error: CheckpointError, ranks: [Int])] = []
    for (rank, report) in reports.enumerated() {
      guard let error = error(of: report) else { continue }
      failed.append(rank)
      // Each has a path of its own.
      if let same = causes.firstIndex(where: {
        $0.error.problem == error.problem && $0.error.advice == error.advice
      }) {
        causes[same].ranks.append(rank)
      } else {
        causes.append((error, [rank]))
      }
    }
    func place(_ ranks: [Int]) -> String {
      Prose.ranks(ranks) { hosts.indices.contains($0) ? hosts[$0] : nil }
    }
    func advice(_ cause: (error: CheckpointError, ranks: [Int])) -> String {
      let advice = cause.error.advice
      if failed[0] == 0 || cause.error.kind == .noSpace { return advice }
      let whose = cause.ranks.count == 1 ? "its" : "their"
      return (isLast ? "" : "from here on the other ranks write \(whose) part of checkpoints; ")
        + "there: \(advice)"
    }
    guard let first = causes.first else { return nil }
    let others = causes.dropFirst().map {
      "; \(place($0.ranks)): \($0.error.problem), \($0.error.path); \(advice($0))"
    }
    return CheckpointError(
      first.error.kind, first.error.problem + (failed == [0] ? "" : " on \(place(first.ranks))"),
      path: first.error.path, advice: advice(first) + others.joined())
  }

  /// The failure that a report tells; nil where it tells of files.
  private func error(of report: [UInt8]) -> CheckpointError? {
    guard let kind = Self.failure(of: report) else { return nil }
    let lines = String(decoding: report.dropFirst(2), as: UTF8.self).split(
      separator: "\n", maxSplits: 2, omittingEmptySubsequences: false
    ).map(String.init)
    return CheckpointError(
      kind, lines[0], path: lines.count > 2 ? lines[2] : folder,
      advice: lines.count > 1 ? lines[1] : "check the disk")
  }
}
