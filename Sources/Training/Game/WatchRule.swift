/// What a check measures, the same on every rank.
package struct WatchInputs: Equatable, Sendable {
  /// The fakes' root mean squared distance over that of real samples.
  package var spread: Float
  /// Their effective rank over that of real samples.
  package var rank: Float
  /// The distance of the fakes' centre from that of real samples, over the latter's spread.
  package var shift: Float
  /// The share of a mixture's modes that fakes lie nearest to; not a number for other data.
  package var modes: Float
  /// The generator's loss at the step's last turn; not a number if the step's turns were left out, and then
  /// of no account.
  package var loss: Float
  /// The fakes' centre in the first components, over the data's spread.
  package var centre: [Double] = []
  /// The share of fakes that are nearer to a training sample than 99 % of these are to one another; not a
  /// number if that is not looked at.
  package var copies = Float.nan

  package init(spread: Float, rank: Float, shift: Float, modes: Float = .nan, loss: Float = 0) {
    self.spread = spread
    self.rank = rank
    self.shift = shift
    self.modes = modes
    self.loss = loss
  }
}

/// What a watch remembers.
package struct WatchState: Equatable, Sendable {
  /// A loss's course, by exponential averages over checks.
  package struct Course: Equatable, Sendable {
    package var mean = 0.0
    package var variance = 0.0
    /// The share of checks at which the loss crosses its mean.
    package var crossings = 0.0
    /// The side of the mean it was on: 1, -1, or 0 before the first check.
    package var side = 0.0

    /// The average's share of a new value.
    private static let share = 0.1

    mutating func add(_ value: Double) {
      guard value.isFinite else { return }
      guard side != 0 else {
        (mean, side) = (value, 1)
        return
      }
      let offset = value - mean
      let newSide = offset < 0 ? -1.0 : 1.0
      crossings += Self.share * ((newSide == side ? 0 : 1) - crossings)
      side = newSide
      mean += Self.share * offset
      variance = (1 - Self.share) * (variance + Self.share * offset * offset)
    }

    /// The deviation over the mean's size, if the loss keeps crossing its mean; else 0.
    var oscillation: Double {
      crossings < 0.25 ? 0 : variance.squareRoot() / max(abs(mean), 1e-6)
    }
  }

  /// The step that the grace period is counted from.
  package var since = 0
  /// Bad checks in a row.
  package var suspicion = 0
  /// The step of the last generation that was saved after a good check; -1 for none.
  package var refuge = -1
  /// Good checks in a row: those without collapse, divergence and copies. A game that circles or oscillates
  /// has good ones.
  package var checks = 0
  /// Rewinds so far.
  package var rewinds = 0
  /// What is added to the seed of noise.
  package var seedOffset = 0
  /// What all step sizes are multiplied by.
  package var rateFactor = 1.0
  /// The standard deviation of noise on what the discriminator sees, beside the recipe's.
  package var noise = 0.0
  /// The generator's loss.
  package var loss = Course()
  /// The generator's path.
  package var path = WatchPath()

  package init() {}
}

/// Whether a game is well: a pure function of what was measured and what was before.
package struct WatchRule: Sendable {
  /// What is found, by the word for people.
  package enum Verdict: String, Sendable, CaseIterable {
    /// All is well.
    case healthy
    /// Losses swing about their means.
    case oscillating
    /// The grace period is not over.
    case starting
    /// Something is wrong, but not for long enough.
    case suspicious
    /// Fakes are too much alike.
    case collapsed
    /// Fakes are far from the data, or no numbers.
    case diverged
    /// The generator keeps coming back to where it was.
    case circling
    /// Fakes are copies of training samples.
    case memorising
  }

  /// Steps between two checks.
  package let every: Int
  /// Steps after the start, and after a rewind, in which nothing but numbers that are not finite counts.
  package let grace: Int
  /// Bad checks in a row that make a verdict.
  package let patience: Int
  /// The least spread.
  package let spread: Float
  /// The least effective rank.
  package let rank: Float
  /// The least share of modes.
  package let modes: Float
  /// The most spread and shift.
  package let distance: Float
  /// The most copies of training samples.
  package let copies: Float

  package init(
    every: Int, grace: Int, patience: Int, spread: Float, rank: Float, modes: Float, distance: Float,
    copies: Float = 1
  ) {
    self.copies = copies
    self.every = every
    self.grace = grace
    self.patience = patience
    self.spread = spread
    self.rank = rank
    self.modes = modes
    self.distance = distance
  }

  /// The verdict on a check when `step` steps are done, and what is remembered.
  package func judge(
    _ inputs: WatchInputs, step: Int, before: WatchState
  ) -> (state: WatchState, verdict: Verdict) {
    var state = before
    state.loss.add(Double(inputs.loss))
    guard inputs.spread.isFinite && inputs.shift.isFinite && !inputs.loss.isInfinite else {
      state.suspicion = patience
      state.checks = 0
      return (state, .diverged)
    }
    guard step >= state.since + grace else { return (state, .starting) }
    state.path.add(inputs.centre)
    let hasDiverged = inputs.spread > distance || inputs.shift > distance
    let hasCollapsed = inputs.spread < spread || inputs.rank < rank || inputs.modes < modes
    guard hasDiverged || hasCollapsed else {
      state.suspicion = 0
      state.checks = inputs.copies > copies ? 0 : state.checks + 1
      if inputs.copies > copies { return (state, .memorising) }
      if state.path.isCircling { return (state, .circling) }
      return (state, state.loss.oscillation > 0.5 ? .oscillating : .healthy)
    }
    state.suspicion += 1
    state.checks = 0
    guard state.suspicion >= patience else { return (state, .suspicious) }
    return (state, hasDiverged ? .diverged : .collapsed)
  }
}

extension WatchRule.Verdict {
  /// The number in the log: the place among all cases.
  var number: Int { Self.allCases.firstIndex(of: self)! }

  /// Whether the policy has to act.
  var isBad: Bool { self == .collapsed || self == .diverged }
}
