import Checkpoints
import Foundation
import Quality
import Testing
import Training

@Suite("A verdict is a pure function of what was measured")
struct WatchRuleTests {
  private let rule = WatchRule(
    every: 10, grace: 20, patience: 3, spread: 0.25, rank: 0.05, modes: 0.3, distance: 4)
  private let well = WatchInputs(spread: 1, rank: 1, shift: 0, modes: 1, loss: 1)

  private func verdicts(
    _ inputs: [WatchInputs], from state: WatchState = WatchState()
  ) -> (verdicts: [WatchRule.Verdict], state: WatchState) {
    var state = state
    var verdicts: [WatchRule.Verdict] = []
    for (check, input) in inputs.enumerated() {
      let judged = rule.judge(input, step: 10 * (check + 1), before: state)
      state = judged.state
      verdicts.append(judged.verdict)
    }
    return (verdicts, state)
  }

  private func changed(_ change: (inout WatchInputs) -> Void) -> WatchInputs {
    var inputs = well
    change(&inputs)
    return inputs
  }

  @Test("fakes are measured in units of the data, and a mode with a quarter of its fair share of them counts")
  func measured() {
    func points(_ values: [Double]) -> Matrix { Matrix(rows: values.count / 2, columns: 2, values: values) }
    let real = Diversity(of: points([6, 2, 6, 0, 4, 2, 4, 0]))
    let inputs = WatchInputs(
      fakes: points([10, 3, 10, -1, 6, 3, 6, -1]), real: real, centres: nil, loss: 7)
    let shift = 3 / real.spread
    for (value, expected) in [(inputs.spread, 2), (inputs.rank, 1), (inputs.shift, Float(shift))] {
      #expect(abs(value - expected) < 1e-5)
    }
    #expect(abs(inputs.centre[0] - shift) < 1e-12 && inputs.centre[1] == 0)
    #expect(inputs.modes.isNaN && inputs.loss == 7)
    for (few, share) in [(2, Float(1)), (1, 0.5)] {
      let fakes: [Double] = (0..<16).flatMap { [$0 < few ? 9 : 1, 0] }
      let centres = points([0, 0, 10, 0])
      #expect(WatchInputs(fakes: points(fakes), real: real, centres: centres, loss: 0).modes == share)
    }
  }

  @Test("three bad checks in a row after the grace period make a verdict, of whichever kind")
  func patience() {
    let collapses = [
      changed { $0.spread = 0.2 }, changed { $0.rank = 0.01 }, changed { $0.modes = 0.25 },
    ]
    for bad in collapses {
      #expect(
        verdicts([bad, bad, bad, bad, bad]).verdicts
          == [.starting, .suspicious, .suspicious, .collapsed, .collapsed])
    }
    for bad in [changed { $0.spread = 5 }, changed { $0.shift = 5 }] {
      #expect(verdicts([well, bad, bad, bad]).verdicts == [.starting, .suspicious, .suspicious, .diverged])
    }
    let bad = collapses[0]
    #expect(
      verdicts([well, bad, bad, well, bad, bad, well]).verdicts
        == [.starting, .suspicious, .suspicious, .healthy, .suspicious, .suspicious, .healthy])
  }

  @Test("what is not finite has diverged at once; a missing share of modes or loss is no fault")
  func numbers() {
    for bad in [
      changed { $0.spread = .infinity }, changed { $0.shift = .nan }, changed { $0.loss = .infinity },
    ] {
      // The next bad check needs no more patience.
      #expect(verdicts([bad, changed { $0.spread = 0 }]).verdicts == [.diverged, .collapsed])
    }
    #expect(verdicts([well, changed { $0.modes = .nan }]).verdicts == [.starting, .healthy])
    // No turn since the start has given one.
    #expect(verdicts([well, changed { $0.loss = .nan }]).verdicts == [.starting, .healthy])
  }

  @Test("the grace period is counted from the last rewind")
  func grace() {
    var state = WatchState()
    state.since = 30
    let bad = changed { $0.spread = 0 }
    #expect(
      verdicts([bad, bad, bad, bad, bad, bad, bad], from: state).verdicts
        == [.starting, .starting, .starting, .starting, .suspicious, .suspicious, .collapsed])
  }

  @Test("a loss that keeps crossing its mean by more than half of it oscillates; one that drifts does not")
  func oscillation() {
    let swinging = verdicts((0..<40).map { check in changed { $0.loss = check % 2 == 0 ? 0.1 : 2 } })
    #expect(swinging.verdicts.last == .oscillating)
    let drifting = verdicts((0..<40).map { check in changed { $0.loss = Float(check) } })
    #expect(!drifting.verdicts.contains(.oscillating))
    let calm = verdicts((0..<40).map { check in changed { $0.loss = check % 2 == 0 ? 0.95 : 1.05 } })
    #expect(!calm.verdicts.contains(.oscillating))
  }

  /// Verdicts on a path of centres.
  private func path(_ places: [(Double, Double)]) -> [WatchRule.Verdict] {
    verdicts(places.map { place in changed { $0.centre = [place.0, place.1] } }).verdicts
  }

  @Test("a generator that comes back again and again circles; one that goes on, settles or stays does not")
  func circling() {
    func places(_ place: (Double) -> (Double, Double)) -> [(Double, Double)] {
      (0..<60).map { place(Double($0)) }
    }
    func circle(_ time: Double, _ period: Double, radius: Double = 0.5) -> (Double, Double) {
      let angle: Double = 2 * Double.pi * time / period
      return (radius * cos(angle), radius * sin(angle))
    }
    for period in [4.0, 7.5, 12] {
      let found = path(places { circle($0, period) })
      #expect(found.last == .circling && found[5] == .healthy, "period \(period)")
    }
    let twoPlaces = places { time -> (Double, Double) in Int(time) % 2 == 0 ? (0, 0) : (0.5, 0.2) }
    #expect(path(twoPlaces).last == .circling)
    let calm = [
      places { (0.1 * $0, 0) }, places { _ in (0.3, 0.3) }, places { circle($0, 7, radius: 0.05) },
      places { time -> (Double, Double) in circle(time, 9, radius: 0.5 * pow(0.7, time)) },
    ]
    for course in calm { #expect(!path(course).contains(.circling)) }
  }

  @Test("the checks since the last visit are the period of a loop")
  func period() {
    var path = WatchPath()
    for place in [[0.0, 0], [1, 0], [1, 1], [0, 1]] {
      path.add(place)
      #expect(path.period == 0)
    }
    path.add([0, 0.01])
    #expect(path.period == 4 && abs(path.step - 0.99) < 1e-12 && !path.isCircling)
  }

  @Test("copies make a verdict where they are looked for, and no state with copies is one to go back to")
  func copies() {
    let careful = WatchRule(
      every: 10, grace: 0, patience: 3, spread: 0.25, rank: 0.05, modes: 0.3, distance: 4, copies: 0.5)
    let (state, verdict) = careful.judge(changed { $0.copies = 0.6 }, step: 10, before: WatchState())
    #expect(verdict == .memorising && state.checks == 0)
    #expect(careful.judge(changed { $0.copies = 0.4 }, step: 10, before: WatchState()).verdict == .healthy)
    #expect(rule.judge(changed { $0.copies = 1 }, step: 30, before: WatchState()).verdict == .healthy)
  }

  @Test("good checks in a row, of a game that circles too, are counted, and a bad one ends the count")
  func checks() {
    let twoPlaces = verdicts(
      (0..<40).map { check in changed { $0.centre = check % 2 == 0 ? [0, 0] : [0.5, 0.2] } })
    #expect(twoPlaces.verdicts.last == .circling && twoPlaces.state.checks == 39)
    #expect(verdicts([well, well, well]).state.checks == 2)
    #expect(verdicts([well, well, well, changed { $0.spread = 0 }]).state.checks == 0)
  }

  @Test("what the scheduler remembers survives as a manifest's values and as numbers, down to infinities")
  func remembered() throws {
    var game = GameState()
    var numbers = game.numbers.indices.map { Double($0) }
    // A loss, and the length of a gradient.
    (numbers[4], numbers[5]) = (.infinity, 5.1)
    game.numbers = numbers
    #expect(Set(game.numbers).count == numbers.count && game.counters.count == numbers.count)
    #expect(GameState(game.counters) == game)
    var missing = game.counters
    missing["game.lead"] = nil
    #expect(GameState(missing) == nil)
    for name in [
      "round", "batch", "turn", "lead", "watch.since", "watch.suspicion", "watch.refuge", "watch.checks",
      "watch.rewinds", "watch.seedOffset", "path.count",
    ] {
      for value in [-2, 0.5, 1e300, .nan, .infinity] where name != "lead" || value != -2 {
        var damaged = game.counters
        damaged["game.\(name)"] = .number(value)
        #expect(GameState(damaged) == nil, "\(name) of \(value)")
      }
    }
    // Turns that are as many as batches are not told.
    var equal = game
    equal.turn = equal.batch
    #expect(equal.counters.count == game.counters.count - 1 && GameState(equal.counters) == equal)
    // Versions without augmentation and paths wrote nothing of them.
    let old = game.counters.filter { !$0.key.hasPrefix("game.augment.") && !$0.key.hasPrefix("game.path.") }
    game.augment = AugmentState()
    game.watch.path = WatchPath()
    #expect(old.count < game.counters.count && GameState(old) == game)
  }
}
