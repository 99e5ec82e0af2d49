import Platform

/// Keeps `status.json` of a run folder up to date from one rank: rank 0, and where the others do not know of
/// it the rank on which something failed, if it sees the folder.
final class RunRecord {
  private let rank: Int
  private let worldSize: Int
  private let board: ProgressBoard
  private var folder: String?
  private var start: String?
  private var lastTold: Int64 = 0
  /// The step of the newest checkpoint that this start has seen on disk.
  private var checkpoint: Int?
  /// The start that is under way, on the rank that has the files.
  var attempt: ResumeAttempt?

  init(rank: Int, worldSize: Int, board: ProgressBoard) {
    self.rank = rank
    self.worldSize = worldSize
    self.board = board
  }

  /// The run folder is open and training begins.
  func began(_ start: RunStart) {
    (folder, self.start) = (start.path, start.mark)
    checkpoint = start.step > 0 && !start.isFork ? start.step : nil
    if rank == 0 { status(.running).write(in: start.path) }
  }

  /// The newest checkpoint that this start has seen is that of a step; nil if it has seen none.
  func saved(_ step: Int?) {
    guard let step, step != checkpoint else { return }
    checkpoint = step
    if rank == 0 { write(.running) }
  }

  /// Some steps are done: told once a second at most, since the file may lie on a busy server.
  func gotOn() {
    let now = MonotonicClock.milliseconds
    guard rank == 0, now - lastTold >= 1000 else { return }
    lastTold = now
    write(.running)
  }

  /// The run ended in order.
  func ended(_ outcome: Trainer.Outcome) {
    attempt?.settle()
    guard rank == 0 else { return }
    switch outcome {
    case .done, .converged: write(.done, .done)
    case .stopped: write(.stopped, .stopped)
    }
  }

  /// The run ended with an error. Of what all ranks know rank 0 tells.
  /// - Parameter told: what the rank says that has failed; nil if it is this one, or is not known.
  func failed(_ error: any Error, told: String?) {
    // Before training begins, an error is one of options, data or machine, and does not speak against a
    // generation.
    // Nor does a sample that cannot be read, or a wish to stop.
    if folder == nil || [.badData, .inputMissing, .stopped].contains(ExitStatus(of: error)) {
      attempt?.settle()
    }
    guard rank == 0 || !error.isKnownToAll(on: rank) else { return }
    let isOwn = (error as? CoordinationError)?.isReportedHere ?? true
    write(.failed, ExitStatus(of: error), cause: isOwn ? "\(error)" : told ?? "\(error)")
  }

  private func write(_ state: RunStatus.State, _ exit: ExitStatus? = nil, cause: String? = nil) {
    guard let folder else { return }
    status(state, exit, cause).writeOverOwn(in: folder)
  }

  private func status(
    _ state: RunStatus.State, _ exit: ExitStatus? = nil, _ cause: String? = nil
  ) -> RunStatus {
    RunStatus(
      state, step: board.place.step, exitStatus: exit, cause: cause, worldSize: worldSize,
      checkpoint: checkpoint, start: start)
  }
}
