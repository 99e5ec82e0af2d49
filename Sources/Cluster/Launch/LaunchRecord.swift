import Platform
package import Training

/// What a launch writes into the run folder of how its starts ended, where no rank has.
///
/// A start that was refused says nothing of a run that had ended before the launch, nor of one that another
/// process is at work on. After an earlier start of the same launch it is how that has ended.
package struct LaunchRecord {
  /// The run folder; nil for words that do not train, whatever folder they name.
  private let folder: String?
  /// What the marks of all starts begin with.
  private let mark: String
  /// Starts so far, but for the first one.
  package var restarts = 0

  /// - Parameters:
  ///   - words: with the run folder.
  ///   - mark: one that no other launch has.
  package init(_ words: TrainWords, mark: String = RunStart.newMark) {
    folder = words.isTraining ? words.folder : nil
    self.mark = mark
  }

  /// What all processes of the newest start are marked with, see `RunStatus`.
  package var start: String { "\(mark)/\(restarts)" }

  /// Writes how the newest start ended.
  /// - Parameters:
  ///   - status: what the run folder says of that start; nil if nothing.
  ///   - hasBegun: whether its ranks have told that they are all there.
  package func write(_ outcome: LaunchOutcome, over status: RunStatus?, ranks: Int, hasBegun: Bool) {
    guard outcome.code != 0, status?.exitCode != Int(outcome.code) else { return }
    write(outcome.code, outcome.cause, ranks: ranks, isSure: status != nil, hasBegun: hasBegun)
  }

  /// Writes why the start that was to follow could not be made, here.
  /// - Parameter hasBegun: whether the ranks of the one before have told that they are all there.
  package func write(_ error: any Error, ranks: Int, hasBegun: Bool) {
    write(ExitStatus(of: error).rawValue, "\(error)", ranks: ranks, hasBegun: hasBegun)
  }

  /// Writes that a wish has ended the launch where there was nothing to save.
  package func writeStop() { write(ExitStatus.stopped.rawValue) }

  /// Writes that a further wish has ended the newest start before it had saved. What a rank has said of a
  /// failure of its own stays; that others are lost is what such a wish has done.
  /// - Parameters:
  ///   - signal: the wish.
  ///   - status: what the run folder says of that start; nil if nothing.
  /// - Returns: the exit code, 128 and the signal's number.
  package func writeStop(by signal: Int32, over status: RunStatus?, ranks: Int) -> Int32 {
    let code = 128 + signal
    if status?.exitCode == nil || status?.exitCode == Int(ExitStatus.peerLost.rawValue) {
      write(
        code, "stopped at once by signal \(signal)", ranks: ranks, isSure: status != nil, hasBegun: true)
    }
    return code
  }

  /// - Parameter isSure: whether the status that is there is known to be of the newest start.
  private func write(
    _ code: Int32, _ cause: String? = nil, ranks: Int? = nil, isSure: Bool = false, hasBegun: Bool = false
  ) {
    guard let folder, RunFolder.isRun(folder) else { return }
    let there = RunStatus.read(in: folder)
    if !isSure {
      let isOwn = there?.start?.hasPrefix("\(mark)/") == true
      guard hasBegun || isOwn || there?.exitCode == nil else { return }
      do { try RunFolderLock.refuseHeld(folder) } catch { return }
    }
    RunStatus(
      code == ExitStatus.stopped.rawValue ? .stopped : .failed,
      step: there?.step ?? RunFolder.newestStep(in: folder) ?? 0, exitCode: Int(code), cause: cause,
      worldSize: ranks ?? there?.worldSize, writer: "\(RunOwner.current)", start: start
    ).write(in: folder)
  }

  /// Starts from the run's generations do not count that were ended from outside, or because a person wished
  /// it.
  func forgive() {
    if let folder, RunFolder.isRun(folder) { ResumeAttempt.forgive(in: folder) }
  }
}
