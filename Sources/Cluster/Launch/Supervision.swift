import Glibc
import Platform
import Training

/// One `mpirun`, from its start to its end: passes on what it says and what it is to be told.
///
/// When a watchdog has ended the job, mpirun may still wait for a host that does not answer: it is killed, on
/// which its daemons end what is left on the other hosts. The same where mpirun itself has said that it ends
/// the job, and does not, where the run has ended: when all ranks are gone mpirun sometimes waits for ever
/// for a lock of PMIx (4.2); and where the ranks do not come to be all there.
final class Supervision {
  /// How it ended.
  struct End {
    /// mpirun's exit code, or 128 and the signal that ended it.
    let code: Int32
    /// What it said first of a lost rank or host.
    let noticed: LaunchNotice?
    /// For what cause a watchdog has ended the job.
    let judged: String?
    /// The last error that a rank told.
    let said: String?
    /// Whether the ranks have told that they are all there.
    let hasBegun: Bool
    /// What was found of ranks that had not come.
    var sweep: StartSweep?

    /// There is no mpirun that could be started.
    static let notStarted = End(
      code: 127, noticed: .notStarted, judged: nil, said: nil, hasBegun: false)
  }

  /// Milliseconds that an mpirun which ends a job may take for it.
  private static let patience: Int64 = 20_000
  /// Milliseconds that a wish to stop waits for ranks that are being started.
  private static let beginning: Int64 = 10_000

  private let process: ChildProcess
  private let status: @Sendable () -> RunStatus?
  private var output = LaunchOutput()
  private let errors: BackgroundOutput
  private var noticed: LaunchNotice?
  private var judged: String?
  private var said: String?
  private let isTraining: Bool
  /// Milliseconds that the ranks have to be all there.
  private let limit: Int64
  private let start = MonotonicClock.milliseconds
  private var (hasJoined, hasBegun): (Bool, Bool)
  private let sweep: () -> StartSweep
  private var swept: StartSweep?
  private var isOverdue = false
  /// When it happened, in milliseconds of the monotonic clock.
  private var (verdict, aborted, ended, wished): (Int64?, Int64?, Int64?, Int64?)
  private var looked = MonotonicClock.milliseconds
  /// The look that is under way: the server of the run folder may hang.
  private var looking: BackgroundJob<RunStatus?>?
  /// What has come after a further wish to stop.
  private var late: [UInt8] = []
  /// Wishes to stop that have been passed on, and the signal for the next one.
  private var (told, next) = (0, 0)

  /// Starts `mpirun`; nil if it cannot be started.
  /// - Parameters:
  ///   - isTraining: whether the ranks tell when they are there and take the wish to stop.
  ///   - limit: milliseconds that the ranks have to be all there; the data may take them longer after that.
  ///   - errors: takes what mpirun and the ranks write.
  ///   - status: what the run folder says of this start.
  ///   - sweep: ends on all hosts what there is of a start that is given up.
  init?(
    _ mpirun: String, _ words: [String], isTraining: Bool, limit: Int64, errors: BackgroundOutput,
    status: @escaping @Sendable () -> RunStatus?, sweep: @escaping () -> StartSweep
  ) {
    guard let process = try? ChildProcess(mpirun, words) else { return nil }
    self.process = process
    self.errors = errors
    self.status = status
    self.isTraining = isTraining
    self.limit = limit
    self.sweep = sweep
    (hasJoined, hasBegun) = (!isTraining, !isTraining)
  }

  deinit { process.close() }

  /// Waits for the end.
  func run() -> End {
    while true {
      process.wait(milliseconds: 100)
      pass()
      if let code = process.exitCode() {
        pass()
        tell(output.end())
        tellLate()
        // Without its ranks an mpirun may end in any way.
        let code = isOverdue ? 128 + SIGKILL : code
        return End(
          code: code, noticed: noticed, judged: judged, said: said, hasBegun: hasBegun,
          sweep: isOverdue ? swept : nil)
      }
      let now = MonotonicClock.milliseconds
      look(now)
      passOnWishes(now)
      if let verdict, now - verdict > 1500 { kill(process.pid, SIGKILL) }
      if [aborted, ended].contains(where: { $0.map { now - $0 > Self.patience } ?? false }) { giveUp() }
      if !hasJoined, !hasBegun, aborted == nil, now - start > limit {
        isOverdue = true
        giveUp()
      }
    }
  }

  private func giveUp() {
    sweepStart()
    kill(process.pid, SIGKILL)
  }

  /// Ends what there is of ranks that are not all there yet, while mpirun is there: what that leaves behind
  /// looks otherwise.
  private func sweepStart() {
    if swept == nil, !hasJoined, !hasBegun { swept = sweep() }
  }

  /// Passes on what mpirun and the ranks have written.
  private func pass() {
    var isFirst = true
    while true {
      let bytes = process.read()
      if bytes.isEmpty {
        if isFirst { tell(output.release()) }
        return
      }
      isFirst = false
      output.showsLive = !errors.isBehind
      tell(output.pass(bytes))
      for text in output.lines {
        if text.hasPrefix("\(RunNotes.firstSubject): ") { hasBegun = true }
        if text.hasPrefix("\(RunNotes.joinedSubject): ") { hasJoined = true }
        noticed = noticed ?? LaunchNotice(line: text)
        let prefix = LaunchOutput.errorPrefix
        if text.hasPrefix(prefix) { said = String(text.dropFirst(prefix.count)) }
        if judged == nil, let cause = WatchReport.cause(ofVerdict: text) {
          (judged, verdict) = (cause, MonotonicClock.milliseconds)
        }
        if aborted == nil, noticed != nil || LaunchOutcome.isAbort(text) {
          aborted = MonotonicClock.milliseconds
        }
      }
    }
  }

  /// Not what mpirun makes of a start that was given up, nor what it and ranks make of a wish to stop that
  /// has ended them before they had begun: some tell of the others' end.
  private func tell(_ bytes: [UInt8]) {
    guard !bytes.isEmpty, !isOverdue, hasBegun || told == 0 else { return }
    if isTraining, next > 1 {
      late += bytes
    } else {
      errors.add(bytes.count) { _ = writeAll(bytes, to: 2) }
    }
  }

  /// Passes on what has come after a further wish, but for verdicts: that wish has ended the ranks which they
  /// find lost.
  private func tellLate() {
    let text = WatchReport.withoutVerdicts(String(decoding: late, as: UTF8.self))
    if !text.isEmpty { errors.add(text.utf8.count) { _ = writeAll(Array(text.utf8), to: 2) } }
  }

  /// Looks at the status of this start, until that has an end.
  private func look(_ now: Int64) {
    if ended == nil, looking == nil, now - looked > 1000 {
      looked = now
      looking = BackgroundJob(.withoutSignals, status)
    }
    guard let job = looking, job.isDone else { return }
    looking = nil
    guard let status = job.wait() else { return }
    hasBegun = true
    if status.exitCode != nil { ended = now }
  }

  private static let signals = [SIGUSR1, SIGTERM, SIGKILL]

  /// Ranks that train and get SIGUSR1 save and leave with 75; SIGTERM ends them. Ranks that are not there yet
  /// cannot save, and mpirun would drop what it is told or end with 0: a first wish waits for them, and a
  /// start that goes on for long is ended. Of a run that has ended mpirun gets a first wish alone.
  /// Wishes that have come since the last look are one: nobody has seen what the first of them does.
  private func passOnWishes(_ now: Int64) {
    let wishes = LaunchSignals.wishes
    guard told < wishes, ended == nil || told == 0 else { return }
    let since = wished ?? now
    wished = since
    if !hasBegun {
      guard wishes > 1 || now - since > Self.beginning else { return }
      aborted = aborted ?? now
      // mpirun leaves a daemon that does not answer.
      sweepStart()
    }
    if !isTraining || !hasBegun { next = max(next, 1) }
    told = wishes
    let signal = Self.signals[min(next, Self.signals.count - 1)]
    next += 1
    if signal == SIGKILL { giveUp() } else { kill(process.pid, signal) }
  }
}
