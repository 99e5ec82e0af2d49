import Datasets
import Glibc
package import MessagePassing
import Platform
import Synchronization

/// A thread that ends the process when another rank is lost or the job stands still, and says which rank, on
/// which host, in which step and phase.
///
/// It works without MPI's help, because MPI may be what hangs, and without a shared file system, because only
/// rank 0 has to see the run folder: every rank keeps a TCP connection to rank 0 (``WatchNetwork``). What
/// happens to a connection tells apart what has to be told apart:
///
/// | what happens | what is seen | when |
/// |---|---|---|
/// | a process ends | its kernel closes the connection | at once |
/// | a process has no memory left | it says so before it ends | at once |
/// | a host loses power or its link | nothing is acknowledged, nor any new connection made | after 7 s |
/// | a process is stopped | acknowledged, but no word comes | after `stallTimeout` |
/// | a training thread hangs | words come, without progress | after `stallTimeout` |
///
/// Little is on its way to a process that was stopped, so a host that is lost behind one takes up to 21 s; what
/// is said of it tells how long it was.
///
/// Heartbeats in files would need a file system that all hosts share and that does not hang with the host
/// that serves it; datagrams cannot tell a stopped process from a lost host. Rank 0 speaks, writes
/// `status.json`, and has the others leave silently; where rank 0 is what is lost, the first rank that is
/// left speaks. All end with code 69. Where no connection comes about, a rank watches only itself, and rank 0
/// warns of it.
///
/// Time in which the process itself was stopped (Ctrl-Z, a suspended machine) does not count.
package final class Watchdog: Sendable {
  /// Where the training thread writes what it does.
  package let board: ProgressBoard
  private let orders: WatchOrders
  private let thread: SystemThread

  /// Begins to watch. All ranks take part: one broadcast.
  /// - Parameters:
  ///   - layout: the host of every rank.
  ///   - timeout: seconds without progress, until ``watch(timeout:phases:shares:folder:start:)`` says
  ///     otherwise.
  package init(
    over communicator: any Communicator, layout: NodeLayout, timeout: Double
  ) throws(CommunicationError) {
    let hosts = layout.hosts
    let plan = hosts.count > 1 ? try WatchNetwork.plan(over: communicator, hosts: hosts) : nil
    let rank = communicator.rank
    let board = ProgressBoard()
    let orders = WatchOrders(timeout: timeout)
    (self.board, self.orders) = (board, orders)
    thread = SystemThread {
      WatchLoop(rank: rank, hosts: hosts, plan: plan, board: board, orders: orders).run()
    }
  }

  /// Says what is known once the run is set up.
  /// - Parameters:
  ///   - timeout: seconds without progress.
  ///   - phases: the names of the model's phases.
  ///   - shares: how many micro-batches each rank computes.
  ///   - folder: the run folder, where `status.json` is written.
  ///   - start: what it is marked with.
  package func watch(timeout: Double, phases: [String], shares: [Int], folder: String, start: String) {
    orders.settings.withLock { settings in
      settings.limit = Int64(timeout * 1000)
      settings.phases = phases
      settings.shares = shares
      settings.folder = folder
      settings.start = start
    }
  }

  /// Says that the data are open: from here on a wish to stop is one to finish a step, which has to read.
  func dataAreOpen() {
    orders.settings.withLock { settings in
      settings.areDataOpen = true
      Reading.isStopped.store(false, ordering: .relaxed)
    }
  }

  /// What a person should know of ranks that are slow, once.
  func takeNotice() -> String? {
    orders.settings.withLock { $0.notices.take() }
  }

  /// What every rank spent its time on since the last call, as it was last heard: up to a quarter of a second
  /// ago. Nil where not all are heard, and at the first call.
  package func takeTimes() -> RankTimes? {
    orders.settings.withLock { settings in
      let earlier = settings.told
      settings.told = settings.places
      guard !earlier.isEmpty, earlier.count == settings.places.count else { return nil }
      return RankTimes(from: earlier, to: settings.places, shares: settings.shares)
    }
  }

  /// Does the work of a rank, and has all ranks meet when it is done, or has failed on all of them: until
  /// then each is watched, also one that waits for what rank 0 has left to write.
  /// - Parameter communicator: that of the calling thread.
  /// - Throws: what `work` throws; `CommunicationError`.
  package func untilAllEnd<T>(over communicator: any Communicator, _ work: () throws -> T) throws -> T {
    do {
      let value = try work()
      _ = try communicator.meetAtEnd()
      return value
    } catch {
      _ = meetAtEnd(over: communicator, after: error)
      throw error
    }
  }

  /// Has all ranks that know of an error meet.
  /// - Returns: what the rank tells that has failed, if it is another.
  func meetAtEnd(over communicator: any Communicator, after error: any Error) -> String? {
    // The name of a lost rank says more than MPI does.
    if case .mpi? = error as? CommunicationError { waitForVerdict() }
    guard error.isKnownToAll(on: communicator.rank) else { return nil }
    return (try? communicator.meetAtEnd(after: error)) ?? nil
  }

  /// Waits until a lost rank would be noticed.
  private func waitForVerdict() {
    usleep(UInt32(WatchLink.patience) * 1000 + 2_000_000)
  }

  /// Has it told that this rank has found no memory: in `status.json` where it sees the folder, and to the
  /// other ranks. Returns when that is done, or after two seconds: the program is about to end.
  package func tellOfExhaustion() { orders.tellOfExhaustion() }

  /// Ends the watch: the other ranks hear that this one leaves in order.
  package func end() {
    if orders.end() { thread.join() }
  }
}

/// What a person should know when the next line is logged.
package struct WatchNotices: Sendable {
  /// Of the rank that was slow last.
  package var slow: String?
  private var blips: [String] = []

  package init() {}

  /// Adds ranks that were not heard for a while; of many such words the last eight are kept.
  package mutating func add(blip text: String) { blips = (blips + [text]).suffix(8) }

  /// All of them, once.
  package mutating func take() -> String? {
    defer { self = WatchNotices() }
    let all = [slow].compactMap(\.self) + blips
    return all.isEmpty ? nil : all.joined(separator: "; ")
  }
}

/// What the watchdog's thread is told, and what it has to tell.
final class WatchOrders: Sendable {
  struct Settings {
    /// Milliseconds without progress.
    var limit: Int64
    var phases: [String] = []
    var shares: [Int] = []
    var folder: String?
    var areDataOpen = false
    /// What the run's status is marked with.
    var start: String?
    var notices = WatchNotices()
    /// Where all ranks are, on rank 0, and where they were when that was last asked for.
    var places: [RankPlace] = []
    var told: [RankPlace] = []
  }

  let settings: Mutex<Settings>
  /// Readable when the watch has ended.
  let wake: Int32
  private let waker: Int32
  private let hasEnded = Atomic<Bool>(false)
  private let isExhausted = Atomic<Bool>(false)
  private let isExhaustionTold = Atomic<Bool>(false)

  init(timeout: Double) {
    settings = Mutex(Settings(limit: Int64(timeout * 1000)))
    var ends: [Int32] = [-1, -1]
    if pipe(&ends) == 0 { for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) } }
    (wake, waker) = (ends[0], ends[1])
  }

  deinit {
    close(waker)
    close(wake)
  }

  /// Whether memory has run out and the watchdog's thread has not told of it yet.
  var owesExhaustion: Bool {
    isExhausted.load(ordering: .relaxed) && !isExhaustionTold.load(ordering: .relaxed)
  }

  /// The watchdog's thread has told that memory has run out.
  func exhaustionIsTold() { isExhaustionTold.store(true, ordering: .relaxed) }

  func tellOfExhaustion() {
    isExhausted.store(true, ordering: .relaxed)
    let limit = MonotonicClock.milliseconds + 2000
    while owesExhaustion, !isEnded, MonotonicClock.milliseconds < limit { usleep(2000) }
  }

  var isEnded: Bool { hasEnded.load(ordering: .relaxed) }

  /// Ends the watch. True the first time.
  func end() -> Bool {
    let isFirst = !hasEnded.exchange(true, ordering: .relaxed)
    if isFirst {
      var byte: UInt8 = 0
      write(waker, &byte, 1)
    }
    return isFirst
  }
}
