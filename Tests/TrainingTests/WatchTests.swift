import Datasets
import Foundation
import MessagePassing
import Platform
import Synchronization
import TestSupport
import Testing
import Training

@Suite("The watchdog tells who is lost and who is late")
struct WatchTests {
  private let report = WatchReport(
    hosts: ["node1", "node1", "node2", "node2"], phases: ["discriminator", "generator"])

  private func place(
    turns: Int, _ activity: RankPlace.Activity, step: Int = 13, phase: Int = 1, busy: Int = 0
  ) -> RankPlace {
    var place = RankPlace()
    (place.step, place.phase, place.activity, place.turns, place.busy) = (step, phase, activity, turns, busy)
    return place
  }

  @Test("a host that does not answer is named once, with all of its ranks, step and phase")
  func unreachable() {
    let text = report.lost(
      [2: .unreachable, 3: .unreachable],
      places: [2: place(turns: 27, .waiting), 3: place(turns: 27, .waiting)])
    #expect(text == "node2 (ranks 2-3) has not answered for 7 s, last heard in step 14, generator")
  }

  @Test("how long a host has not answered is told as it was: longer where a process had been stopped before")
  func unanswered() throws {
    let text = report.lost([1: .unreachable], places: [:], unanswered: [1: 21_300])
    #expect(text == "node1 (ranks 0-1) has not answered for 21 s, last heard before the first step")
    let (listener, port) = try #require(IPAddress.listen())
    defer { close(listener) }
    let first = WatchLink(descriptor: try #require(IPAddress.loopback.connect(port: port)))
    var polled = pollfd(fd: listener, events: Int16(POLLIN), revents: 0)
    try #require(poll(&polled, 1, 5000) == 1)
    let second = WatchLink(descriptor: accept(listener, nil, nil))
    // The kernels ask each other in between.
    for _ in 0..<3 {
      usleep(700_000)
      #expect(try #require(first.sinceAcknowledgement) < 1900)
    }
    first.send(WatchRecord(.goodbye, token: 1, rank: 0))
    usleep(300_000)
    #expect(try #require(first.sinceAcknowledgement) < 900)
    withExtendedLifetime(second) {}
  }

  @Test("a host that is lost while its ranks save was last heard after the step that they save")
  func lostWhileSaving() {
    let text = report.lost([1: .unreachable], places: [1: place(turns: 27, .saving)])
    #expect(text == "node1 (ranks 0-1) has not answered for 7 s, last heard after step 13")
  }

  @Test("a process that ended is named with its host")
  func ended() {
    let text = report.lost([1: .ended], places: [1: place(turns: 26, .computing, phase: 0)])
    #expect(text == "rank 1 on node1 ended without a word, last heard in step 14, discriminator")
    var large = place(turns: 26, .computing, phase: 0)
    (large.memory, large.memoryLimit) = (900 << 20, 1 << 30)
    #expect(
      report.lost([1: .ended], places: [1: large]).hasSuffix(
        "discriminator, with 900.0 MiB of the 1.0 GiB of its container at its peak"))
  }

  @Test("a rank that has run out of memory is named with its host and step, and with what can be done")
  func exhausted() {
    let text = report.lost([2: .exhausted], places: [2: place(turns: 26, .computing, phase: 0)])
    #expect(text.hasPrefix("rank 2 on node2 has run out of memory in step 14, discriminator; lower batch, "))
  }

  @Test("that its memory ran out stands in the status of a run before the program ends")
  func exhaustionIsRecorded() throws {
    let folder = TemporaryFolder()
    RunStatus(.running, step: 13, start: "mark").write(in: folder.path)
    _ = try ThreadCommunicator.run(size: 1) { communicator in
      let watchdog = try Watchdog(over: communicator, layout: try communicator.nodeLayout(), timeout: 100)
      defer { watchdog.end() }
      watchdog.board.completed(step: 13)
      watchdog.watch(timeout: 100, phases: [], shares: [1], folder: folder.path, start: "mark")
      watchdog.tellOfExhaustion()
    }
    let status = try #require(RunStatus.read(in: folder.path))
    #expect(status.state == .failed && status.exitCode == 78 && status.step == 13)
    #expect(status.cause?.hasPrefix("rank 0 on ") == true)
    #expect(status.cause?.contains("has run out of memory") == true)
  }

  @Test("that the memory of another rank ran out, which does not see the folder, is written by rank 0")
  func exhaustionOfAnother() async {
    await #expect(processExitsWith: .exitCode(7)) {
      let folder = TemporaryFolder()
      RunStatus(.running, step: 13, start: "mark").write(in: folder.path)
      _ = try ThreadCommunicator.run(size: 2) { communicator in
        let layout = try communicator.nodeLayout()
        let watchdog = try Watchdog(over: communicator, layout: layout, timeout: 100)
        if communicator.rank == 0 {
          watchdog.watch(timeout: 100, phases: [], shares: [1, 1], folder: folder.path, start: "mark")
        }
        try communicator.barrier()
        // Sooner there may be no connection yet.
        while communicator.rank == 0, watchdog.takeTimes() == nil { usleep(10_000) }
        try communicator.barrier()
        guard communicator.rank == 0 else { return watchdog.tellOfExhaustion() }
        while true {
          if let status = RunStatus.read(in: folder.path), status.state == .failed {
            let isTold = status.cause?.hasPrefix("rank 1 on ") == true && status.exitCode == 78
            try? FileManager.default.removeItem(atPath: folder.path)
            _exit(isTold && status.cause?.contains("has run out of memory") == true ? 7 : 8)
          }
          usleep(2000)
        }
      }
    }
  }

  @Test("a silence that ends is told with its length, each host once; a pause of the watch is none")
  func heardAgain() {
    var watch = BlipWatch()
    #expect(watch.silences([1: 1000, 2: 1000, 3: 1000]).isEmpty)
    #expect(watch.silences([1: 1250, 2: 1000, 3: 1000]).isEmpty)
    let silences = watch.silences([1: 5000, 2: 5800, 3: 5600])
    #expect(silences == [1: 3750, 2: 4800, 3: 4600])
    #expect(
      report.heardAgain(silences)
        == "node1 (rank 1) was not heard for 3.8 s, node2 (ranks 2-3) was not heard for 4.8 s; training goes on"
    )
    #expect(watch.silences([1: 5250, 2: 6000, 3: 6000]).isEmpty)
  }

  @Test("a rank that is slow and silences that ended are told together, once, and not without end")
  func notices() {
    var notices = WatchNotices()
    #expect(notices.take() == nil)
    notices.add(blip: "silence")
    notices.slow = "one is slow"
    notices.slow = "another is slow"
    #expect(notices.take() == "another is slow; silence" && notices.take() == nil)
    for number in 1...10 { notices.add(blip: "\(number)") }
    #expect(notices.take() == "3; 4; 5; 6; 7; 8; 9; 10")
  }

  @Test("a record says again what was put into it")
  func record() {
    var place = place(turns: 5, .waiting)
    (place.signs, place.loading, place.waiting, place.memory, place.memoryLimit) = (1, 2, 3, 4, 5)
    let record = WatchRecord(.place, token: 7, rank: 2, place: place)
    #expect(WatchRecord(bytes: record.bytes[...]) == record)
    #expect(WatchRecord(bytes: record.bytes.dropLast()[...]) == nil)
  }

  @Test("data that are read or looked at are signs of progress")
  func reading() {
    let board = ProgressBoard()
    let before = board.place.signs
    Reading.bytes.add(1, ordering: .relaxed)
    let between = board.place.signs
    Reading.samples.add(1, ordering: .relaxed)
    #expect(before < between && between < board.place.signs)
  }

  @Test("of ranks that stand still, the one with the fewest turns that does not wait is named")
  func stalled() {
    let places = [
      0: place(turns: 28, .waiting), 1: place(turns: 28, .waiting), 2: place(turns: 27, .loading),
      3: place(turns: 28, .computing),
    ]
    #expect(
      report.stalled(places: places, silent: []) == "rank 2 on node2 is loading data in step 14, generator")
  }

  @Test("ranks that stand still together are told as several")
  func stalledTogether() {
    let places = [0: place(turns: 28, .waiting), 1: place(turns: 28, .saving), 2: place(turns: 28, .saving)]
    #expect(
      report.stalled(places: places, silent: [])
        == "rank 1 on node1, rank 2 on node2 are measuring, drawing or saving after step 13")
  }

  @Test("a rank that gives no sign comes before one that is only late")
  func silent() {
    let places = [
      0: place(turns: 30, .waiting, step: 14), 1: place(turns: 1, .loading), 3: place(turns: 28, .waiting),
    ]
    #expect(
      report.stalled(places: places, silent: [3])
        == "rank 3 on node2 gives no sign and may be stopped, last heard in step 14, generator")
  }

  @Test("where every rank waits, none is accused")
  func allWait() {
    let places = [0: place(turns: 28, .waiting), 1: place(turns: 28, .waiting)]
    #expect(report.stalled(places: places, silent: []).hasPrefix("every rank waits"))
  }

  @Test("a straggler is measured by its share: more micro-batches are no reason, slower ones are")
  func straggler() throws {
    func judged(busy: [Int], loading: [Int] = [0, 0, 0]) -> StragglerWatch.Finding? {
      var watch = StragglerWatch(shares: [2, 3, 3])
      let start = [Int](repeating: 0, count: 3).map { _ in place(turns: 1, .computing, step: 0) }
      #expect(watch.slowest(at: 0, places: start) == nil)
      func places(step: Int) -> [RankPlace] {
        zip(busy, loading).map { busy, loading in
          var place = place(turns: 200, .computing, step: step, busy: busy)
          place.loading = loading
          return place
        }
      }
      // A window is ten seconds and ten steps.
      #expect(watch.slowest(at: 9_999, places: places(step: 100)) == nil)
      #expect(watch.slowest(at: 20_000, places: places(step: 9)) == nil)
      return watch.slowest(at: 20_000, places: places(step: 100))
    }
    #expect(judged(busy: [2000, 3000, 3000]) == nil)
    let slow = try #require(judged(busy: [2000, 3000, 6300]))
    #expect(slow.rank == 2 && slow.kind == .computing && slow.own == 21 && slow.others == 10)
    // A step takes 200 ms.
    #expect(judged(busy: [2000, 3000, 3000], loading: [100, 2000, 50]) == nil)
    let late = try #require(judged(busy: [2000, 3000, 3000], loading: [100, 2600, 50]))
    #expect(late == .init(rank: 1, kind: .loading, own: 26, others: 1))
  }

  @Test("a rank that stood still is not called slow for it, and one that is slow after that is")
  func disturbed() {
    var watch = StragglerWatch(shares: [1, 1])
    func slow(at time: Int64, step: Int, busy: [Int]) -> Int? {
      watch.slowest(at: time, places: busy.map { place(turns: 1, .computing, step: step, busy: $0) })?.rank
    }
    #expect(slow(at: 0, step: 0, busy: [0, 0]) == nil)
    watch.disturb()
    // Rank 1 has stood still for nine seconds of the step that it then ends.
    #expect(slow(at: 12_000, step: 20, busy: [2000, 2000]) == nil)
    #expect(slow(at: 12_100, step: 20, busy: [2000, 11_000]) == nil)
    #expect(slow(at: 12_200, step: 21, busy: [2100, 11_100]) == nil)
    #expect(slow(at: 23_000, step: 41, busy: [4100, 13_100]) == nil)
    #expect(slow(at: 34_000, step: 61, busy: [6100, 17_100]) == 1)
  }

  @Test("the times of all ranks are differences, and the slowest is told by its share")
  func times() {
    var before = [place(turns: 1, .computing, busy: 100), place(turns: 1, .computing, busy: 50)]
    before[1].loading = 7
    var after = [place(turns: 9, .computing, busy: 3100), place(turns: 9, .computing, busy: 2050)]
    (after[0].waiting, after[1].waiting, after[1].loading) = (10, 1000, 507)
    let times = RankTimes(from: before, to: after, shares: [3, 1])
    #expect(times.computing == [3, 2] && times.loading == [0, 0.5] && times.waiting == [0.01, 1])
    #expect(times.slowest == 1)
  }

  /// Whether a process that listens as rank 0 does is reached at an address of this host, of 4 or 16 bytes.
  private func isReached(over address: [UInt8]) -> Bool {
    guard let (listener, port) = IPAddress.listen() else { return false }
    defer { close(listener) }
    guard let socket = IPAddress(address).connect(port: port) else { return false }
    defer { close(socket) }
    var polled = pollfd(descriptor: listener, events: POLLIN)
    return poll(&polled, 1, 5000) == 1
  }

  @Test("rank 0 is reached by its IPv6 addresses too")
  func addresses() {
    #expect(isReached(over: [127, 0, 0, 1]))
    let isThere = isReached(over: [UInt8](repeating: 0, count: 15) + [1])
    // A machine may have no IPv6; its loopback is in this file where it has.
    let known = FileManager.default.contents(atPath: "/proc/net/if_inet6").map {
      String(decoding: $0, as: UTF8.self)
    }
    #expect(isThere == (known?.contains("00000000000000000000000000000001") ?? false))
  }

  @Test("connections of strangers are closed where they are many, and ranks are heard all the same")
  func strangers() throws {
    let plans = try ThreadCommunicator.run(size: 2) { communicator in
      try WatchNetwork.plan(over: communicator, hosts: ["here", "here"])
    }
    let plan = try #require(plans[1])
    let first = WatchNetwork(try #require(plans[0]))
    var idle: [Int32] = []
    for _ in 0..<WatchNetwork.mostStrangers + 40 { if let socket = plan.knock() { idle.append(socket) } }
    defer { for socket in idle { close(socket) } }
    #expect(idle.count == WatchNetwork.mostStrangers + 40)
    let second = WatchNetwork(plan)
    for _ in 0..<500 where first.peers[1]?.place.turns != 5 {
      for network in [first, second] { network.listen(milliseconds: 2, wake: -1) }
      second.tell(.place, place(turns: 5, .computing))
    }
    #expect(first.peers[1]?.place.turns == 5)
    #expect(first.strangerCount <= WatchNetwork.mostStrangers)
  }

  @Test("ranks hear where the others are, that one left, and that one ended")
  func network() throws {
    let plans = try ThreadCommunicator.run(size: 3) { communicator in
      try WatchNetwork.plan(over: communicator, hosts: ["here", "here", "here"])
    }
    let first = WatchNetwork(try #require(plans[0]))
    let second = WatchNetwork(try #require(plans[1]))
    var third: WatchNetwork? = WatchNetwork(try #require(plans[2]))
    func turn(_ until: () -> Bool) {
      for _ in 0..<500 where !until() {
        for network in [first, second, third].compactMap({ $0 }) { network.listen(milliseconds: 2, wake: -1) }
        second.tell(.place, place(turns: 5, .computing))
        third?.tell(.place, place(turns: 7, .loading))
        first.tell(.place, place(turns: 6, .waiting))
      }
    }
    turn {
      first.peers[1]?.place.turns == 5 && first.peers[2]?.place.turns == 7
        && second.peers[0]?.place.turns == 6
    }
    #expect(first.peers[2]?.place == place(turns: 7, .loading))
    #expect(second.peers[0]?.place == place(turns: 6, .waiting))
    second.tell(.goodbye, RankPlace())
    third = nil
    turn { first.peers[1]?.hasLeft == true && first.peers[2]?.loss != nil }
    #expect(first.peers[1]?.hasLeft == true && first.peers[1]?.loss == nil)
    #expect(first.peers[2]?.loss == .ended)
    first.tell(.verdict, RankPlace())
    turn { second.hasVerdict }
    #expect(second.hasVerdict)
  }

  @Test("a rank that found no memory has said so, whatever becomes of its connection")
  func exhaustedConnection() throws {
    let plans = try ThreadCommunicator.run(size: 2) { communicator in
      try WatchNetwork.plan(over: communicator, hosts: ["here", "here"])
    }
    let first = WatchNetwork(try #require(plans[0]))
    var second: WatchNetwork? = WatchNetwork(try #require(plans[1]))
    func turn(_ until: () -> Bool) {
      for _ in 0..<500 where !until() {
        for network in [first, second].compactMap({ $0 }) { network.listen(milliseconds: 2, wake: -1) }
        second?.tell(.place, RankPlace())
      }
    }
    turn { first.peers[1]?.lastHeard != nil }
    second?.tell(.exhausted, place(turns: 9, .computing))
    second = nil
    for _ in 0..<50 { first.listen(milliseconds: 2, wake: -1) }
    #expect(first.peers[1]?.loss == .exhausted && first.peers[1]?.place.turns == 9)
  }

  @Test("a process that says nothing is told less and less, so that one that is stopped has room for it")
  func pacing() throws {
    var ends: [Int32] = [-1, -1]
    try #require(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends) == 0)
    let (first, second) = (WatchLink(descriptor: ends[0]), WatchLink(descriptor: ends[1]))
    let record = WatchRecord(.place, token: 1, rank: 0)
    var told = 0
    for _ in 0..<300 {
      first.send(record)
      told += second.receive().count
      usleep(1000)
    }
    // After a time t some 20 + 20 ln(t / 20 ms), on a slow machine too.
    #expect((20..<200).contains(told), "\(told)")
    second.send(record)
    #expect(first.receive().count == 1)
    first.send(record)
    first.send(WatchRecord(.verdict, token: 1, rank: 0))
    #expect(second.receive().map(\.kind) == [.place, .verdict], "who is heard again is told at once")
  }

  @Test("the kernel is to ask every second after a machine that says nothing, and to give it up")
  func keepalive() throws {
    let socket = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    try #require(socket >= 0)
    let link = WatchLink(descriptor: socket)
    func option(_ level: Int32, _ name: Int32) -> Int32 {
      var (value, size) = (Int32(-1), socklen_t(MemoryLayout<Int32>.size))
      return getsockopt(socket, level, name, &value, &size) == 0 ? value : -1
    }
    let tcp = Int32(IPPROTO_TCP)
    #expect(option(SOL_SOCKET, SO_KEEPALIVE) == 1)
    #expect(option(tcp, TCP_KEEPIDLE) == 1 && option(tcp, TCP_KEEPINTVL) == 1)
    #expect(option(tcp, TCP_USER_TIMEOUT) == 21_000 && option(tcp, TCP_NODELAY) == 1)
    withExtendedLifetime(link) {}
  }

  @Test("a verdict that comes right behind the welcome is heard")
  func earlyVerdict() throws {
    let plans = try ThreadCommunicator.run(size: 2) { communicator in
      try WatchNetwork.plan(over: communicator, hosts: ["here", "here"])
    }
    let first = WatchNetwork(try #require(plans[0]))
    let second = WatchNetwork(try #require(plans[1]))
    func listen(_ network: WatchNetwork) {
      for _ in 0..<10 { network.listen(milliseconds: 5, wake: -1) }
    }
    listen(second)
    listen(first)
    first.tell(.verdict, RankPlace())
    listen(second)
    #expect(second.hasVerdict)
  }
}
