import MessagePassing
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

  @Test("a process that ended is named with its host")
  func ended() {
    let text = report.lost([1: .ended], places: [1: place(turns: 26, .computing, phase: 0)])
    #expect(text == "rank 1 on node1 ended without a word, last heard in step 14, discriminator")
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

  @Test("a rank that gives no sign comes before one that is only late")
  func silent() {
    let places = [0: place(turns: 28, .waiting), 1: place(turns: 1, .loading), 3: place(turns: 28, .waiting)]
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
    func judged(busy: [Int]) -> (rank: Int, own: Double, others: Double)? {
      var watch = StragglerWatch(shares: [2, 3, 3])
      let start = [Int](repeating: 0, count: 3).map { _ in place(turns: 1, .computing, step: 0) }
      #expect(watch.slowest(at: 0, places: start) == nil)
      return watch.slowest(
        at: 20_000, places: busy.map { place(turns: 200, .computing, step: 100, busy: $0) })
    }
    #expect(judged(busy: [2000, 3000, 3000]) == nil)
    let slow = try #require(judged(busy: [2000, 3000, 6300]))
    #expect(slow.rank == 2 && slow.own == 21 && slow.others == 10)
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
}
