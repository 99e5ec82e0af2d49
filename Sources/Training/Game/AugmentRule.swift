import Models

/// What the augmentation is steered by: sums over the turns since the last decision, over all ranks. Float32,
/// as the log has them, so that every decision can be made again from its line.
package struct AugmentInputs: Equatable, Sendable {
  /// r_t of Karras et al. 2020, eq. 1: the mean sign of the discriminator's decision on real samples; 1 if it
  /// takes all of them for real, which it does when it knows them by heart, 0 if it cannot tell.
  package var sign: Float
  /// Real samples that it saw.
  package var images: Float

  package init(sign: Float, images: Float) {
    self.sign = sign
    self.images = images
  }
}

/// Steers the probability of augmentation (ADA, Karras et al. 2020, section 3.1): up while the discriminator
/// overfits, down while it does not, a pure function of what was measured.
package struct AugmentRule: Sendable {
  /// What is decided.
  package enum Decision: String, Sendable {
    /// The probability stays.
    case keep
    /// It rises.
    case raise
    /// It falls.
    case lower
  }

  /// Steps between two decisions.
  package let every: Int
  /// The mean sign that is aimed at.
  package let target: Float
  /// Real samples in which the probability rises from 0 to 1.
  package let speed: Float
  /// The highest probability.
  package let limit: Float

  package init(every: Int, target: Float, speed: Float, limit: Float) {
    self.every = every
    self.target = target
    self.speed = speed
    self.limit = limit
  }

  /// The next probability, and why.
  package func decide(
    probability: Float, _ inputs: AugmentInputs
  ) -> (probability: Float, decision: Decision) {
    let change = inputs.images / speed
    guard inputs.sign.isFinite, inputs.sign != target else { return (probability, .keep) }
    // A start above the limit is not lowered by a wish to raise it.
    let next =
      inputs.sign > target
      ? max(min(probability + change, limit), probability) : max(probability - change, 0)
    return (next, next > probability ? .raise : next < probability ? .lower : .keep)
  }
}

/// What the augmentation's controller remembers.
package struct AugmentState: Equatable, Sendable {
  /// The probability of each transformation of a sample.
  package var probability = 0.0
  /// The discriminator's turns since the last decision.
  package var turns = 0.0
  /// The sum of their mean signs.
  package var signs = 0.0

  package init() {}

  /// Adds what a turn reported.
  mutating func add(_ report: TurnReport) {
    guard let sign = report[.meanSign] else { return }
    turns += 1
    signs += Double(sign)
  }
}
