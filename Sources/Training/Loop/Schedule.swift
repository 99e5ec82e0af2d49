public import Models

/// One phase at one step.
public struct Turn: Hashable, Sendable {
  /// What is trained.
  public let phase: Phase
  /// The step, and the samples and noise that the turn uses.
  public let draw: MicroBatch.Draw

  /// The step, from 0.
  public var step: Int { draw.step }
}

/// Which phases a step consists of, as data: every rank computes the same turns from the step alone.
///
/// Turns of one phase that follow each other draw fresh noise, and fresh samples if the phase reads any; the
/// first turn of the next phase goes on with the last draw. So a step of one turn each has one draw, in which
/// the generator is trained on the fakes that the discriminator has just seen.
public struct Schedule: Hashable, Sendable {
  /// One phase's place in the alternation.
  public struct Rule: Hashable, Sendable {
    /// What is trained.
    public let phase: Phase
    /// Turns in a row.
    public let repeats: Int

    /// A rule; one turn unless told otherwise.
    /// - Precondition: `repeats` is positive.
    public init(_ phase: Phase, repeats: Int = 1) {
      precondition(repeats > 0, "a phase has a positive number of turns")
      self.phase = phase
      self.repeats = repeats
    }
  }

  /// The rules, in the order of the turns.
  public let rules: [Rule]

  /// A schedule of the given rules.
  public init(_ rules: [Rule]) {
    self.rules = rules
  }

  /// Draws of noise in a step.
  public var roundsPerStep: Int { rules.reduce(1) { $0 + $1.repeats - 1 } }

  /// Global batches of samples that a step reads.
  public var batchesPerStep: Int { rules.reduce(1) { $0 + ($1.phase.readsSamples ? $1.repeats - 1 : 0) } }

  /// Turns of a step's first phase.
  private var firstTurnsPerStep: Int { rules.first?.repeats ?? 1 }

  /// Global batches of samples that a step may read in a run whose turns are balanced, which may have it read
  /// more than the schedule says.
  func mostBatchesPerStep(_ balance: Options.Balance) -> Int {
    guard balance.every > 0 else { return batchesPerStep }
    // A limit that nobody reaches is no reason to hold so many batches.
    return max(batchesPerStep, min(balance.limit, 16))
  }

  /// Where the draws of a run are: what the next step begins with.
  public struct Cursor: Hashable, Sendable {
    /// Draws of noise before.
    public let round: Int
    /// Global batches of samples read before.
    public let batch: Int
    /// Turns of a step's first phase before.
    public let turn: Int

    /// A place.
    public init(round: Int, batch: Int, turn: Int) {
      self.round = round
      self.batch = batch
      self.turn = turn
    }
  }

  /// Where a run is before `step` that has had this schedule from the start.
  public func cursor(at step: Int) -> Cursor {
    Cursor(
      round: step * roundsPerStep, batch: step * batchesPerStep, turn: step * firstTurnsPerStep)
  }

  /// Where a run is after a step of this schedule.
  public func cursor(after cursor: Cursor) -> Cursor {
    Cursor(
      round: cursor.round + roundsPerStep, batch: cursor.batch + batchesPerStep,
      turn: cursor.turn + firstTurnsPerStep)
  }

  /// The same rules with other numbers of turns, where `repeats` gives one.
  public func repeating(_ repeats: (Phase) -> Int?) -> Schedule {
    Schedule(rules.map { Rule($0.phase, repeats: repeats($0.phase) ?? $0.repeats) })
  }

  /// The turns of a step, in order, in a run that has had this schedule from the start.
  public func turns(at step: Int) -> [Turn] { turns(at: step, from: cursor(at: step)) }

  /// The turns of a step, in order, whose draws begin at `cursor`.
  public func turns(at step: Int, from cursor: Cursor) -> [Turn] {
    var places: [(phase: Phase, cursor: Cursor)] = []
    var (round, batch, turn) = (cursor.round, cursor.batch, cursor.turn)
    for (place, rule) in rules.enumerated() {
      for isRepeated in (0..<rule.repeats).map({ $0 > 0 }) {
        round += isRepeated ? 1 : 0
        batch += isRepeated && rule.phase.readsSamples ? 1 : 0
        turn += isRepeated && place == 0 ? 1 : 0
        places.append((rule.phase, Cursor(round: round, batch: batch, turn: turn)))
      }
    }
    return places.indices.map { index in
      let (phase, cursor) = places[index]
      let isShared = index + 1 < places.count && places[index + 1].cursor.round == cursor.round
      return Turn(
        phase: phase,
        draw: MicroBatch.Draw(
          step: step, round: cursor.round, batch: cursor.batch, turn: cursor.turn, isShared: isShared))
    }
  }
}
