public import Models

/// One phase at one step.
public struct Turn: Hashable, Sendable {
  /// The step, from 0.
  public let step: Int
  /// What is trained.
  public let phase: Phase
}

/// Which phases a step consists of, as data: every rank computes the same turns from the step alone.
public struct Schedule: Hashable, Sendable {
  /// One phase's place in the alternation.
  public struct Rule: Hashable, Sendable {
    /// What is trained.
    public let phase: Phase
    /// Turns in a row.
    public let repeats: Int
    /// The phase has its turns at steps that this divides.
    public let every: Int

    /// A rule; one turn at every step unless told otherwise.
    /// - Precondition: both counts are positive.
    public init(_ phase: Phase, repeats: Int = 1, every: Int = 1) {
      precondition(repeats > 0 && every > 0, "a phase has a positive number of turns")
      self.phase = phase
      self.repeats = repeats
      self.every = every
    }
  }

  /// The rules, in the order of the turns.
  public let rules: [Rule]

  /// A schedule of the given rules.
  public init(_ rules: [Rule]) {
    self.rules = rules
  }

  /// The turns of a step, in order.
  public func turns(at step: Int) -> [Turn] {
    rules.filter { step % $0.every == 0 }.flatMap { rule in
      (0..<rule.repeats).map { _ in Turn(step: step, phase: rule.phase) }
    }
  }
}
