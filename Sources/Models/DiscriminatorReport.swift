import Networks

/// What one term of a discriminator's loss, on real samples or on fakes, has to report, by part.
struct TermValues {
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

/// The statistics of a discriminator's turn, each with what the two terms of the loss add to it.
struct DiscriminatorReport {
  /// What a term adds to a statistic; nil for nothing.
  private typealias Share = (TermValues) -> [Float]?
  private typealias Entry = (statistic: Statistic, ofReals: Share, ofFakes: Share)
  private let entries: [Entry]

  /// What is reported of a game.
  init(_ objective: AdversarialObjective, _ condition: ClassCondition?) {
    let nothing: Share = { _ in nil }
    var entries: [Entry] = [
      (.discriminatorLoss, \.loss, \.loss),
      (Statistic("loss_d_real"), \.loss, nothing),
      (Statistic("loss_d_fake"), nothing, \.loss),
      (Statistic("d_x", label: "D(x)", plot: "discriminator"), \.level, nothing),
      (Statistic("d_gz", label: "D(G(z))", plot: "discriminator"), nothing, \.level),
    ]
    let hasThreshold = objective.loss.decisionThreshold != nil
    if hasThreshold {
      entries.append((.discriminatorAccuracy, { $0.above.map { $0 / 2 } }, { $0.below.map { $0 / 2 } }))
    }
    if condition?.form == .auxiliary {
      let plot = "classes told right"
      entries += [
        (Statistic("loss_class", plot: "loss"), \.classLoss, \.classLoss),
        (Statistic("class_real", label: "class(x)", plot: plot), \.classesRight, nothing),
        (Statistic("class_fake", label: "class(G(z))", plot: plot), nothing, \.classesRight),
      ]
    }
    func penalty(_ key: String, _ label: String, _ value: @escaping Share) -> Entry {
      (Statistic(key, label: label, plot: "gradient penalty", isLazy: true), value, nothing)
    }
    if objective.r1Weight > 0 { entries.append(penalty("r1", "R1", \.r1)) }
    if objective.draganWeight > 0 { entries.append(penalty("dragan", "DRAGAN", \.dragan)) }
    if objective.augmentation?.kind == .ada && hasThreshold {
      entries.append((.meanSign, { zip($0.above, $0.below).map(-) }, nothing))
    }
    self.entries = entries
  }

  /// What is reported, in order.
  var statistics: [Statistic] { entries.map(\.statistic) }

  /// What the term of real samples adds to each.
  func ofReals(_ values: TermValues) -> [[Float]] { shares(entries.map(\.ofReals), of: values) }

  /// What the term of fakes adds to each.
  func ofFakes(_ values: TermValues) -> [[Float]] { shares(entries.map(\.ofFakes), of: values) }

  private func shares(_ shares: [Share], of values: TermValues) -> [[Float]] {
    shares.map { $0(values) ?? values.loss.map { _ in 0 } }
  }
}
