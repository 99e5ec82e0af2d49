import Models

/// The augmentation's controller.
extension GameDirector {
  /// Whether its decision is due when `done` steps are.
  func isAugmentationDue(at done: Int) -> Bool {
    augment.map { done.isMultiple(of: $0.every) } ?? false
  }

  /// Decides on the probability of augmentation, and begins a new window. What was decided on is returned for
  /// the log: the decision can be made again from it.
  func steerAugmentation(
    _ game: inout GameState, batch: Int
  ) -> (measured: [(Statistic, Float)], decision: String) {
    guard let augment else { preconditionFailure("no augmentation is steered") }
    let state = game.augment
    let inputs = AugmentInputs(
      sign: Float(state.signs / state.turns), images: Float(state.turns) * Float(batch))
    let before = Float(state.probability)
    let (probability, decision) = augment.decide(probability: before, inputs)
    game.augment = AugmentState()
    game.augment.probability = Double(probability)
    let values = [inputs.sign, inputs.images, before, probability]
    return (Array(zip(Self.augmentStatistics, values)), decision.rawValue)
  }

  static let augmentStatistics = [
    Statistic("augment_sign", label: "r", plot: "augmentation"), Statistic("augment_images"),
    Statistic("augment_before"), Statistic("augment_probability", label: "p", plot: "augmentation"),
  ]
}

extension Options {
  /// The kind of augmentation; none for families without.
  var augmentation: Augmentation.Kind {
    family.hasAugmentation ? model[AugmentOptions.kind] : .none
  }

  /// The probability that a steered augmentation begins with.
  var initialAugmentation: Double {
    augmentation == .ada ? model[AugmentOptions.probability] : 0
  }
}

extension ModelFamily {
  /// Whether the family's options include ``AugmentOptions``.
  var hasAugmentation: Bool {
    options.keys.contains { $0.path == AugmentOptions.kind.key.path }
  }
}

extension AugmentRule {
  /// The rule that the options ask for, if they do.
  init?(_ options: Options) {
    guard options.augmentation == .ada else { return nil }
    let keys = AugmentOptions.self
    self.init(
      every: options.model[keys.every], target: Float(options.model[keys.target]),
      speed: Float(options.model[keys.speed]), limit: Float(options.model[keys.limit]))
  }
}
