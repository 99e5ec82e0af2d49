/// What the balance decides on: means over the turns since the last decision, over all ranks. Float32, as the
/// log has them, so that every decision can be made again from its line.
package struct BalanceInputs: Equatable, Sendable {
  /// The share of real and fake samples that the discriminator tells apart.
  package var accuracy: Float
  /// The discriminator's loss over the generator's.
  package var lossRatio: Float
  /// The length of the generator's gradient over that of the discriminator's.
  package var gradientRatio: Float

  package init(accuracy: Float, lossRatio: Float, gradientRatio: Float) {
    self.accuracy = accuracy
    self.lossRatio = lossRatio
    self.gradientRatio = gradientRatio
  }

  /// The means of a window; not numbers where a player has had no turn.
  package init(_ window: TurnWindow) {
    let (discriminator, generator) = (window.discriminator, window.generator)
    accuracy = Float(window.accuracy / discriminator.turns)
    lossRatio = Float(discriminator.loss / discriminator.turns / (generator.loss / generator.turns))
    gradientRatio = Float(generator.norm / generator.turns / (discriminator.norm / discriminator.turns))
  }
}

/// Keeps a game in a band by changing the ratio of the players' turns: a pure function of what was measured.
///
/// The discriminator is ahead if its accuracy is above the band, or if what the generator learns from has
/// nearly vanished beside what the discriminator does (Arjovsky and Bottou 2017, theorem 2.4). It is behind
/// if its accuracy is below the band. Where losses are cross-entropies, an accuracy counts only if the losses
/// agree with it: at the equilibrium of Goodfellow et al. 2014 the discriminator's is 2 ln 2 and the
/// generator's ln 2, so who is ahead has a ratio below 2.
package struct BalanceRule: Sendable {
  /// What is decided.
  package enum Decision: String, Sendable {
    /// The ratio stays.
    case keep
    /// The discriminator gets one place more.
    case strengthen
    /// The discriminator gets one place less.
    case weaken
  }

  /// Steps between two decisions.
  package let every: Int
  /// The accuracies of the band.
  package let band: ClosedRange<Float>
  /// The most turns of a player in a step.
  package let limit: Int
  /// The ratio of gradients below which the generator starves.
  package let starvation: Float
  /// Whether losses are cross-entropies.
  package let comparesLosses: Bool
  /// The recipe's turns of the discriminator and the generator.
  package let turns: (discriminator: Int, generator: Int)

  package init(
    every: Int, band: ClosedRange<Float>, limit: Int, starvation: Float, comparesLosses: Bool,
    turns: (discriminator: Int, generator: Int)
  ) {
    self.every = every
    self.band = band
    self.limit = limit
    self.starvation = starvation
    self.comparesLosses = comparesLosses
    self.turns = turns
  }

  /// The leads that give different ratios: at either end one player has one turn, and the other as many as
  /// the limit allows, or the recipe's if those are more.
  package var leads: ClosedRange<Int> {
    let (d, g) = turns
    return -(d - 1 + max(0, limit - g))...g - 1 + max(0, limit - d)
  }

  /// The next lead, and why. One that another limit has allowed counts as the nearest that this one does.
  package func decide(lead: Int, _ inputs: BalanceInputs) -> (lead: Int, decision: Decision) {
    let (lead, wish) = (within(lead), wish(inputs))
    let next = within(lead + (wish == .strengthen ? 1 : wish == .weaken ? -1 : 0))
    return (next, next == lead ? .keep : wish)
  }

  private func within(_ lead: Int) -> Int { min(max(lead, leads.lowerBound), leads.upperBound) }

  private func wish(_ inputs: BalanceInputs) -> Decision {
    guard inputs.accuracy.isFinite, inputs.gradientRatio.isFinite else { return .keep }
    let ratio = comparesLosses ? inputs.lossRatio : .nan
    if inputs.gradientRatio < starvation || inputs.accuracy > band.upperBound && !(ratio >= 2) {
      return .weaken
    }
    return inputs.accuracy < band.lowerBound && !(ratio <= 2) ? .strengthen : .keep
  }

  /// The turns at a lead: first the weaker player's are taken away, down to one, then the stronger player
  /// gets more, up to the limit.
  package func counts(lead: Int) -> (discriminator: Int, generator: Int) {
    func moved(_ more: Int, _ less: Int, by places: Int) -> (more: Int, less: Int) {
      let taken = min(places, less - 1)
      return (more + places - taken, less - taken)
    }
    let lead = within(lead)
    if lead >= 0 {
      let counts = moved(turns.discriminator, turns.generator, by: lead)
      return (counts.more, counts.less)
    }
    let counts = moved(turns.generator, turns.discriminator, by: -lead)
    return (counts.less, counts.more)
  }
}
