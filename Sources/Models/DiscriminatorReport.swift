public import Autograd
import Networks

/// What one term of a discriminator's loss, on real samples or on fakes, has to report, by part.
public struct TermValues {
  /// The loss of the scores.
  let loss: [Float]
  /// The mean score: as a probability, if it is one.
  let level: [Float]
  /// The shares of scores above and below the loss's threshold; none if it has none.
  let above, below: [Float]
  /// The cross-entropy of the classes and the share that is told right; none of a discriminator that tells
  /// none.
  var classLoss: [Float] = []
  var classesRight: [Float] = []
  /// The penalties at the term's samples; nil in turns that do not compute them.
  var r1: [Float]?
  var dragan: [Float]?
}

/// A term of a discriminator's loss.
public struct DiscriminatorTerm {
  /// What is added to the loss, recorded on the discriminator's tape.
  public let loss: Variable
  /// What it has to report.
  public let values: TermValues
}

/// The statistics of a discriminator's turn, each with how it follows from the two terms of the loss.
struct DiscriminatorReport {
  private typealias Entry = (
    statistic: Statistic, value: (_ real: TermValues, _ fake: TermValues) -> [Float]
  )
  private let entries: [Entry]

  /// What is reported of a game.
  init(_ objective: AdversarialObjective, _ condition: ClassCondition?) {
    var entries: [Entry] = [
      (.discriminatorLoss, { zip($0.loss, $1.loss).map(+) }),
      (Statistic("loss_d_real"), { real, _ in real.loss }),
      (Statistic("loss_d_fake"), { _, fake in fake.loss }),
      (Statistic("d_x", label: "D(x)", plot: "discriminator"), { real, _ in real.level }),
      (Statistic("d_gz", label: "D(G(z))", plot: "discriminator"), { _, fake in fake.level }),
    ]
    let hasThreshold = objective.loss.decisionThreshold != nil
    if hasThreshold {
      entries.append((.discriminatorAccuracy, { zip($0.above, $1.below).map { ($0 + $1) / 2 } }))
    }
    if condition?.form == .auxiliary {
      let plot = "classes told right"
      entries += [
        (Statistic("loss_class", plot: "loss"), { zip($0.classLoss, $1.classLoss).map(+) }),
        (Statistic("class_real", label: "class(x)", plot: plot), { real, _ in real.classesRight }),
        (Statistic("class_fake", label: "class(G(z))", plot: plot), { _, fake in fake.classesRight }),
      ]
    }
    func penalty(_ key: String, _ label: String, _ value: @escaping (TermValues) -> [Float]?) -> Entry {
      (
        Statistic(key, label: label, plot: "gradient penalty", isLazy: true),
        { real, _ in value(real) ?? real.loss.map { _ in 0 } }
      )
    }
    if objective.r1Weight > 0 { entries.append(penalty("r1", "R1") { $0.r1 }) }
    if objective.draganWeight > 0 { entries.append(penalty("dragan", "DRAGAN") { $0.dragan }) }
    if objective.augmentation?.kind == .ada && hasThreshold {
      entries.append((.meanSign, { real, _ in zip(real.above, real.below).map(-) }))
    }
    self.entries = entries
  }

  /// What is reported, in order.
  var statistics: [Statistic] { entries.map(\.statistic) }

  /// Its values.
  func callAsFunction(real: TermValues, fake: TermValues) -> [[Float]] {
    entries.map { $0.value(real, fake) }
  }
}
