import Datasets
import Glibc
import MessagePassing
import Platform
import Reporting
import Synchronization

/// The watchdog's thread.
final class WatchLoop {
  private let rank: Int
  private let board: ProgressBoard
  private let orders: WatchOrders
  private let network: WatchNetwork?
  private var report: WatchReport
  private var stragglers: StragglerWatch?
  private var blips = BlipWatch()
  /// Milliseconds without progress, and the sum of all signs of progress by which they are counted.
  private var silence: Int64 = 0
  private var signs = -1
  private var previous = MonotonicClock.milliseconds
  private let start = MonotonicClock.milliseconds
  private var lastTold: Int64 = 0
  private var lossNoticed: Int64?
  private var hasWarned = false
  private var hasCounted = false
  /// When it was last told how much of the data had been read.
  private lazy var lastRead = (time: start, bytes: 0)
  private let status = WatchStatus()

  init(rank: Int, hosts: [String], plan: WatchNetwork.Plan?, board: ProgressBoard, orders: WatchOrders) {
    self.rank = rank
    self.board = board
    self.orders = orders
    network = plan.map { WatchNetwork($0) }
    report = WatchReport(hosts: hosts)
  }

  func run() {
    while !orders.isEnded {
      listen()
      // Many ranks wake this thread more often than there is something new to judge.
      if MonotonicClock.milliseconds - previous >= 100 || network?.hasVerdict == true { judge() }
    }
    network?.listen(milliseconds: 0, wake: orders.wake)
    // What the training thread met may be no more than the sign of it.
    if !losses.isEmpty { speakOfLosses() }
    network?.tell(.goodbye, board.place)
  }

  private func listen() {
    let now = MonotonicClock.milliseconds
    if now - lastTold >= 250 {
      network?.tell(.place, board.place)
      lastTold = now
    }
    if let network {
      network.listen(milliseconds: 100, wake: orders.wake)
    } else {
      var waiting = pollfd(descriptor: orders.wake, events: POLLIN)
      poll(&waiting, 1, 200)
    }
  }

  private func judge() {
    let now = MonotonicClock.milliseconds
    let settings = orders.settings.withLock { $0 }
    report.phases = settings.phases
    if orders.owesExhaustion { tellOfExhaustion() }
    if network?.hasVerdict == true { leave() }
    judgeLosses(now)
    judgeReading(now)
    judgeProgress(now, settings)
    if rank == 0 {
      judgeAbsence(now)
      judgeBlips(now)
      judgeSpeed(now, settings)
    }
    previous = now
  }

  // MARK: Lost ranks

  private var losses: [Int: WatchLink.Loss] { network?.peers.compactMapValues(\.loss) ?? [:] }

  /// Waits a moment before it speaks: for the other ranks of a lost host, and for mpirun, which ends the job
  /// with the signal of a dead rank if it is left the time.
  private func judgeLosses(_ now: Int64) {
    let losses = losses
    guard !losses.isEmpty else { return }
    if lossNoticed == nil {
      lossNoticed = now
      if rank == 0 { writeStatus(lossText, lossStatus) }
    }
    let waited = now - (lossNoticed ?? now)
    if rank == 0 {
      let grace: Int64 = losses.values.allSatisfy { $0 == .unreachable } ? 0 : 1000
      if waited >= grace || StopSignals.isStopWished { speakOfLosses() }
      return
    }
    // Rank 0 is lost: the first rank that is left speaks, and mpirun ends the others.
    let host = report.hosts[0]
    let speaker = losses[0] == .unreachable ? report.hosts.firstIndex { $0 != host } ?? 1 : 1
    if rank == speaker {
      if waited >= 300 { speakOfLosses() }
    } else if StopSignals.isStopWished {
      leave()
    } else if waited >= (losses[0] == .unreachable ? 1000 : 4000) + 250 * Int64(min(rank, 8)) {
      speakOfLosses()
    }
  }

  private var lossText: String {
    let peers = network?.peers ?? [:]
    return report.lost(
      losses, places: peers.mapValues(\.place), unanswered: peers.mapValues(\.unanswered))
  }

  /// What status and exit code say of them: a rank that found no memory would find none again.
  private var lossStatus: ExitStatus { losses.values.contains(.exhausted) ? .configuration : .peerLost }

  private func speakOfLosses() -> Never { end(lossText, lossStatus) }

  /// Tells that this rank has found no memory; its training thread then ends the program.
  private func tellOfExhaustion() {
    writeStatus(report.lost([rank: .exhausted], places: [rank: board.place]), .configuration)
    status.wait(milliseconds: 500)
    network?.tell(.exhausted, board.place)
    orders.exhaustionIsTold()
  }

  /// Tells once of ranks that train and have not connected: nothing would tell of their end.
  private func judgeAbsence(_ now: Int64) {
    guard !hasCounted, board.place.turns > 0, now - start > 30_000 else { return }
    hasCounted = true
    let absent = (network?.peers ?? [:]).filter {
      $0.value.lastHeard == nil && $0.value.loss == nil && !$0.value.hasLeft
    }
    if !absent.isEmpty { print("warning: \(report.absent(absent.keys.sorted()))\n") }
  }

  // MARK: Progress

  /// While the data are opened, hands a wish to stop on to those who read; until the first step, tells how
  /// much has been read.
  private func judgeReading(_ now: Int64) {
    guard board.place.activity == .starting else { return }
    orders.settings.withLock { settings in
      guard !settings.areDataOpen, StopSignals.isStopWished else { return }
      Reading.isStopped.store(true, ordering: .relaxed)
    }
    let bytes = Reading.bytes.load(ordering: .relaxed)
    guard rank == 0, now - lastRead.time >= 10_000, bytes > lastRead.bytes else { return }
    lastRead = (now, bytes)
    let files = Count.text(Reading.files.load(ordering: .relaxed), "file")
    print("data: \(files), \(ByteCount.text(bytes)) read\n")
  }

  /// Counts the time without progress of any rank that is heard. Rank 0 ends first; the others wait a little
  /// longer.
  private func judgeProgress(_ now: Int64, _ settings: WatchOrders.Settings) {
    let own = board.place
    let heard = network?.peers.values.filter { $0.lastHeard != nil && !$0.hasLeft } ?? []
    let signs = heard.reduce(own.signs) { $0 + $1.place.signs }
    silence = signs == self.signs ? silence + min(now - previous, 1000) : 0
    self.signs = signs
    if silence == 0 { hasWarned = false }
    let patience = settings.limit + (rank == 0 ? 0 : 2000 + 500 * Int64(min(rank, 8)))
    if silence > patience {
      let hush = min(WatchReport.silence, settings.limit * 3 / 4)
      let text = stallText(now, hush)
      // Rank 0 is there and has more to judge by.
      if rank > 0, network?.peers[0].map({ now - ($0.lastHeard ?? 0) < hush }) == true {
        return
      }
      // Before there is a folder, nobody knows the options yet.
      end(
        "no progress for \(silence / 1000) s: \(text)",
        isOverLimit: settings.folder != nil)
    }
    // Turns, not steps: a run that was resumed had steps before this process.
    guard rank == 0, !hasWarned, own.turns > 0 else { return }
    let mean = (now - start) / Int64(own.turns)
    guard silence > max(10_000, 10 * mean), silence < settings.limit / 2 else { return }
    hasWarned = true
    print("warning: no progress for \(silence / 1000) s: \(stallText(now, WatchReport.silence))\n")
  }

  /// - Parameter hush: milliseconds without a word after which a rank counts as silent.
  private func stallText(_ now: Int64, _ hush: Int64) -> String {
    let own = board.place
    let peers = network?.peers ?? [:]
    if rank > 0 {
      guard let first = peers[0], let lastHeard = first.lastHeard, now - lastHeard >= hush
      else {
        return "rank \(rank) on \(report.hosts[rank]) \(own.activity.text()) \(report.moment(own))"
      }
      return report.stalled(places: [0: first.place], silent: [0])
    }
    // Ranks that never connected are not judged, unless nobody else can be to blame.
    var places = [Int: RankPlace](uniqueKeysWithValues: [(0, own)])
    for (other, peer) in peers where peer.lastHeard != nil { places[other] = peer.place }
    var silent = peers.filter { $0.value.lastHeard.map { now - $0 >= hush } ?? false }
    if silent.isEmpty && places.values.allSatisfy({ $0.activity.isWaiting }) {
      silent = peers.filter { $0.value.lastHeard == nil && !$0.value.hasLeft }
    }
    return report.stalled(places: places, silent: Set(silent.keys))
  }

  private func judgeSpeed(_ now: Int64, _ settings: WatchOrders.Settings) {
    let peers = network?.peers ?? [:]
    guard peers.count > 0, peers.count + 1 == settings.shares.count,
      peers.values.allSatisfy({ $0.lastHeard != nil && !$0.hasLeft })
    else { return }
    var watch = stragglers ?? StragglerWatch(shares: settings.shares)
    let places = [board.place] + (1...peers.count).map { peers[$0]?.place ?? RankPlace() }
    let slow = watch.slowest(at: now, places: places)
    orders.settings.withLock { settings in
      settings.places = places
      if let slow { settings.notices.slow = slow.text(hosts: report.hosts) }
    }
    stragglers = watch
  }

  /// Tells of ranks that were silent. Time in which this process itself stood still is no silence of theirs,
  /// and neither is a rank's being slow.
  private func judgeBlips(_ now: Int64) {
    if now - previous > 1000 {
      blips.reset()
      stragglers?.disturb()
    }
    let silences = blips.silences((network?.peers ?? [:]).compactMapValues(\.lastHeard))
    guard !silences.isEmpty else { return }
    stragglers?.disturb()
    let text = report.heardAgain(silences)
    orders.settings.withLock { $0.notices.add(blip: text) }
  }

  // MARK: The end

  private func end(_ text: String, _ exit: ExitStatus = .peerLost, isOverLimit: Bool = false) -> Never {
    writeStatus(text, exit)
    // Before the verdict, on which mpirun ends the job, if the folder answers.
    status.wait(milliseconds: 500)
    network?.tell(.verdict, board.place)
    let folder = orders.settings.withLock { $0.folder }
    // A launcher starts the ranks again, or says with what to run again.
    let isRestarted = exit == .peerLost && Files.environment(RunStatus.startVariable) != nil
    let verdict = WatchReport.verdict(
      text, folder: folder, isOverLimit: isOverLimit, isRestarted: isRestarted)
    print(TerminalText.escaped(verdict) + "\n")
    // What has come and is not read would have the kernel drop what is still to go.
    network?.listen(milliseconds: 50, wake: orders.wake)
    status.wait(milliseconds: 1000)
    leave(exit)
  }

  private func leave(_ exit: ExitStatus = .peerLost) -> Never {
    endDaemon()
    _exit(exit.rawValue)
  }

  /// Ends the daemon of `mpirun` that started this rank, if the host of `mpirun` is lost: it would tell that
  /// of the rank's end for as long as TCP repeats itself, a quarter of an hour. The daemon's other ranks end
  /// by themselves.
  private func endDaemon() {
    guard losses[0] == .unreachable else { return }
    let parent = getppid()
    if LaunchEnvironment.isDaemon(parent) { kill(parent, SIGKILL) }
  }

  private func writeStatus(_ text: String, _ exit: ExitStatus) {
    let (folder, start) = orders.settings.withLock { ($0.folder, $0.start) }
    guard let folder else { return }
    // Rank 0 knows best: where it could write, another rank may be the one that is cut off.
    status.write(
      RunStatus(
        .failed, step: board.place.step, exitStatus: exit, cause: text, worldSize: report.hosts.count,
        start: start),
      in: folder,
      isFirstToSpeak: rank == 0)
  }

  private func print(_ text: String) {
    _ = text.utf8CString.withUnsafeBytes { write(2, $0.baseAddress, $0.count - 1) }
  }
}
