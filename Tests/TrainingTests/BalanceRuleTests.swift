import Models
import Testing
import Training

@Suite("A balance is a pure function of what was measured")
struct BalanceRuleTests {
  private func rule(
    _ turns: (Int, Int) = (1, 1), limit: Int = 4, comparesLosses: Bool = true
  ) -> BalanceRule {
    BalanceRule(
      every: 10, band: 0.55...0.85, limit: limit, starvation: 0.001, comparesLosses: comparesLosses,
      turns: (turns.0, turns.1))
  }

  private func inputs(_ accuracy: Float, ratio: Float = 1, gradients: Float = 1) -> BalanceInputs {
    BalanceInputs(accuracy: accuracy, lossRatio: ratio, gradientRatio: gradients)
  }

  @Test(
    "what is decided on are means over each player's turns, the losses of D over G, the gradients of G over D"
  )
  func means() {
    var window = TurnWindow()
    (window.discriminator.turns, window.discriminator.loss, window.discriminator.norm) = (2, 6, 8)
    (window.generator.turns, window.generator.loss, window.generator.norm) = (4, 4, 2)
    window.accuracy = 1.5
    #expect(
      BalanceInputs(window) == BalanceInputs(accuracy: 0.75, lossRatio: 3, gradientRatio: 0.125))
  }

  @Test("turns are taken from the weaker player first, then given to the stronger, within the limit")
  func counts() {
    func counts(_ rule: BalanceRule, _ leads: ClosedRange<Int>) -> [String] {
      leads.map { "\(rule.counts(lead: $0).discriminator):\(rule.counts(lead: $0).generator)" }
    }
    #expect(counts(rule(), -4...4) == ["1:4", "1:4", "1:3", "1:2", "1:1", "2:1", "3:1", "4:1", "4:1"])
    #expect(counts(rule((5, 1)), -6...1) == ["1:3", "1:2", "1:1", "2:1", "3:1", "4:1", "5:1", "5:1"])
    #expect(counts(rule((1, 3), limit: 2), -1...4) == ["1:3", "1:3", "1:2", "1:1", "2:1", "2:1"])
  }

  @Test("an accuracy beyond the band moves the ratio by one place, one within it or at the limit does not")
  func band() {
    #expect(rule().decide(lead: 0, inputs(0.86)) == (-1, .weaken))
    #expect(rule().decide(lead: 2, inputs(0.9)) == (1, .weaken))
    #expect(rule().decide(lead: 0, inputs(0.85)) == (0, .keep))
    #expect(rule().decide(lead: 0, inputs(0.55, ratio: 3)) == (0, .keep))
    #expect(rule().decide(lead: -1, inputs(0.5, ratio: 3)) == (0, .strengthen))
    #expect(rule().decide(lead: -3, inputs(1)) == (-3, .keep))
    #expect(rule().decide(lead: 3, inputs(0.1, ratio: 3)) == (3, .keep))
  }

  @Test(
    "a lead beyond the limit, as another run may leave it, counts as the nearest within and moves from there")
  func inherited() {
    #expect(rule().leads == -3...3 && rule((5, 1)).leads == -7...0 && rule((1, 3), limit: 2).leads == 0...3)
    #expect(rule().decide(lead: 7, inputs(0.9)) == (2, .weaken))
    #expect(rule().decide(lead: 7, inputs(0.7)) == (3, .keep))
    #expect(rule().decide(lead: 7, inputs(0.1, ratio: 3)) == (3, .keep))
    #expect(rule().decide(lead: -9, inputs(0.1, ratio: 3)) == (-2, .strengthen))
    for (turns, limit) in [((1, 1), 4), ((5, 1), 4), ((1, 3), 2), ((3, 2), 3)] {
      let rule = rule(turns, limit: limit)
      let ratios = rule.leads.map { "\(rule.counts(lead: $0))" }
      #expect(Set(ratios).count == ratios.count)
      #expect(rule.counts(lead: rule.leads.upperBound + 5) == rule.counts(lead: rule.leads.upperBound))
      #expect(rule.counts(lead: rule.leads.lowerBound - 5) == rule.counts(lead: rule.leads.lowerBound))
    }
  }

  @Test("losses that disagree veto where they are cross-entropies; a starving generator needs no accuracy")
  func others() {
    #expect(rule().decide(lead: 0, inputs(0.9, ratio: 2.1)) == (0, .keep))
    #expect(rule().decide(lead: 0, inputs(0.5, ratio: 1.9)) == (0, .keep))
    #expect(rule(comparesLosses: false).decide(lead: 0, inputs(0.9, ratio: 2.1)) == (-1, .weaken))
    #expect(rule(comparesLosses: false).decide(lead: 0, inputs(0.5, ratio: 1.9)) == (1, .strengthen))
    #expect(rule().decide(lead: 0, inputs(0.7, gradients: 0.0009)) == (-1, .weaken))
    #expect(rule().decide(lead: 0, inputs(.nan)) == (0, .keep))
    #expect(rule().decide(lead: 0, inputs(0.9, ratio: 1, gradients: .infinity)) == (0, .keep))
  }

  @Test(
    "turns whose numbers vary draw on from where the last step ended, and the discriminator's are counted",
    arguments: [true, false])
  func cursor(generatorReads: Bool) {
    let phases = [
      Phase(index: 0, name: "discriminator", network: 1, role: .discriminator, statistics: []),
      Phase(
        index: 1, name: "generator", network: 0, role: .generator, readsSamples: generatorReads,
        statistics: []),
    ]
    let base = Schedule(phases.map { Schedule.Rule($0) })
    var cursor = base.cursor(at: 0)
    var batches: [Int] = []
    var discriminatorTurns: [Int] = []
    var rounds: [Int] = []
    for (step, counts) in [(1, 1), (3, 1), (1, 2), (2, 1)].enumerated() {
      let schedule = base.repeating { $0.index == 0 ? counts.0 : counts.1 }
      let turns = schedule.turns(at: step, from: cursor)
      #expect(
        turns.map(\.phase.index) == Array(repeating: 0, count: counts.0)
          + Array(repeating: 1, count: counts.1))
      batches += turns.map(\.draw.batch)
      discriminatorTurns += turns.filter { $0.phase.index == 0 }.map(\.draw.turn)
      rounds += turns.map(\.draw.round)
      cursor = schedule.cursor(after: cursor)
    }
    let read = generatorReads ? 8 : 7
    #expect(cursor == Schedule.Cursor(round: 8, batch: read, turn: 7))
    #expect(Set(batches) == Set(0..<read) && discriminatorTurns == Array(0..<7))
    #expect(Set(rounds) == Set(0..<8))
    #expect(base.turns(at: 5, from: base.cursor(at: 5)) == base.turns(at: 5))
  }

  @Test(
    "ranks whose samples are all of another kind decide alike and have the same bits on 1, 2, 3 and 4 ranks")
  func skewedRanks() throws {
    var game = EngineGame(condition: ClassCondition(.projection, classes: 3, depth: 2))
    game.isSkewed = true
    @Sendable func story(_ rank: EngineRank) throws -> (decisions: [String], state: String) {
      let rule = BalanceRule(
        every: 1, band: 0.55...0.65, limit: 4, starvation: 0.001, comparesLosses: false, turns: (1, 1))
      let place = rank.engine.model.phases[0].statistics.firstIndex { $0.key == "d_accuracy" }!
      var lead = 0
      var decisions: [String] = []
      for _ in 0..<6 {
        try rank.train(steps: 1)
        let accuracy = rank.engine.reports[0].values[place]
        let next = rule.decide(
          lead: lead, BalanceInputs(accuracy: accuracy, lossRatio: 1, gradientRatio: 1))
        lead = next.lead
        decisions.append("\(accuracy): \(next.decision), \(lead)")
      }
      return (decisions, rank.stateSHA256)
    }
    let alone = try outcomes(ranks: 1, learningRate: 0.02, game: game, story)[0].get()
    #expect(Set(alone.decisions).count > 1, "\(alone.decisions)")
    for ranks in 2...4 {
      for outcome in outcomes(ranks: ranks, learningRate: 0.02, game: game, story) {
        let told = try outcome.get()
        #expect(told.decisions == alone.decisions && told.state == alone.state)
      }
    }
  }
}
