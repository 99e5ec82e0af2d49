import Models
import Testing
import Training

@Suite("A step's turns")
struct ScheduleTests {
  private let critic = Phase(index: 0, name: "critic", network: 1, statistics: [])
  private let generator = Phase(index: 1, name: "generator", network: 0, statistics: [])

  @Test("turns repeat in a row, in the order of the rules")
  func turns() {
    let schedule = Schedule([
      Schedule.Rule(critic, repeats: 3), Schedule.Rule(generator),
    ])
    #expect(schedule.turns(at: 0).map(\.phase) == [critic, critic, critic, generator])
    #expect(schedule.turns(at: 4).map(\.step) == [4, 4, 4, 4])
    #expect(Schedule([]).turns(at: 0).isEmpty)
  }

  @Test("turns in a row draw anew, and the next phase goes on with the last draw")
  func draws() {
    let reader = Phase(index: 0, name: "critic", network: 1, readsSamples: true, statistics: [])
    let maker = Phase(index: 1, name: "generator", network: 0, readsSamples: false, statistics: [])
    let schedule = Schedule([
      Schedule.Rule(reader, repeats: 3), Schedule.Rule(maker, repeats: 2),
    ])
    #expect(schedule.roundsPerStep == 4 && schedule.batchesPerStep == 3)
    let draws = schedule.turns(at: 2).map(\.draw)
    #expect(draws.map(\.round) == [8, 9, 10, 10, 11])
    #expect(draws.map(\.batch) == [6, 7, 8, 8, 8])
    #expect(draws.map(\.turn) == [6, 7, 8, 8, 8])
    #expect(draws.map(\.isShared) == [false, false, true, false, false])
    // Over the run no draw and no batch comes twice, and none is left out.
    let all = (0..<5).flatMap { schedule.turns(at: $0) }
    #expect(Set(all.map(\.draw.round)) == Set(0..<20))
    #expect(all.filter { $0.phase == reader }.map(\.draw.batch) == Array(0..<15))
  }

  @Test("the first phase's turns are counted, whatever the other phases read")
  func firstTurns() {
    let schedule = Schedule([
      Schedule.Rule(critic, repeats: 2), Schedule.Rule(generator, repeats: 3),
    ])
    #expect(schedule.batchesPerStep == 4)
    let draws = schedule.turns(at: 2).map(\.draw)
    #expect(draws.map(\.batch) == [8, 9, 9, 10, 11])
    #expect(draws.map(\.turn) == [4, 5, 5, 5, 5])
    #expect(schedule.cursor(after: schedule.cursor(at: 2)) == schedule.cursor(at: 3))
  }

  @Test("a step of one turn each has one draw, keyed by the step")
  func oneDraw() {
    let schedule = Schedule([Schedule.Rule(critic), Schedule.Rule(generator)])
    for step in [0, 1, 17] {
      let draws = schedule.turns(at: step).map(\.draw)
      #expect(draws.allSatisfy { $0.round == step && $0.batch == step && $0.turn == step && $0.step == step })
      #expect(draws.map(\.isShared) == [true, false])
    }
  }
}
