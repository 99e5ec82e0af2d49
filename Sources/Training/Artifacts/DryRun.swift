import Autograd
import DataParallel
import Datasets
import Models
import Networks
import Platform
import Reporting

/// What a run would do, without doing any of it: the essentials of its options and the turns of a step in
/// order.
package struct DryRun {
  /// A table for people.
  package let lines: [String]

  /// Resolves the options of a new run, opens its data, checks what the run would and describes it. Nothing
  /// is written.
  /// - Throws: `OptionsError`, `PlanError` if the batch cannot be cut, `DatasetError`, `CheckpointError` and
  ///   ``RunFolderError`` for what the run would begin with or measure by, ``MemoryError`` if the model, or
  ///   a micro-batch, is too large for this machine.
  package init(recipe: String, overrides: [String]) throws {
    let options = try Options.resolve(recipe: recipe, overrides: overrides)
    let plan = try MicroBatchPlan(
      batch: options.batch, microBatches: options.microBatches, worldSize: 1, rank: 0)
    try MemoryError.checkMaking(options)
    // The least share that a rank can have: a micro-batch.
    let parts = options.microBatches
    try MemoryError.check(
      options, MicroBatchPlan(batch: options.batch, microBatches: parts, worldSize: parts, rank: 0),
      ranksOnNode: 1)
    let dataset = try RunAgreement.data(of: options, plan, isNew: true, rank: 0)
    let model = options.makeModel()
    let steps = options.length.steps(
      samples: dataset.count, batch: options.batch * options.schedule(of: model).batchesPerStep)
    try options.checkDecay(over: steps)
    if options.initial != Options.Initial() {
      _ = try RunStart.begin(RunState(model: model, options), options, steps: steps)
    }
    lines = Self.lines(options, model, dataset)
  }

  private static func lines(_ options: Options, _ model: any Model, _ dataset: any ImageDataset) -> [String] {
    let parameters = model.networks.map { "\($0.name) \($0.store.count)" }.joined(separator: ", ")
    let length =
      switch options.length {
      case .steps(let steps): Count.text(steps, "step")
      case .epochs(let epochs):
        "\(epochs.optionText) \(epochs == 1 ? "epoch" : "epochs")"
      }
    let schedule = options.schedule(of: model)
    let averaged = model.networks.filter { $0.average != nil }.map(\.name).joined(separator: ", ")
    var rows = [
      ("recipe", "\(options.recipe): \(options.title)"),
      ("model", "\(options.modelDescription), parameters: \(parameters)"),
      ("data", "\(dataset.name), \(Count.text(dataset.count, "sample")) an epoch"),
      (
        "run",
        "\(length), batch \(options.batch) in \(Count.text(options.microBatches, "micro-batch", "micro-batches")) "
          + "(the most ranks), seed \(options.seed)"
      ),
      (
        "average",
        "\(averaged), decay \(options.ema.decay.optionText), at most (1 + n) / (10 + n) at update n"
      ),
      (
        "step",
        "\(Count.text(schedule.turns(at: 0).count, "turn")), "
          + "\(Count.text(schedule.batchesPerStep * options.batch, "sample")) read, "
          + Count.text(schedule.roundsPerStep, "draw of noise", "draws of noise")
      ),
    ]
    rows += model.context.map { [("shown", $0.text)] } ?? []
    rows += supervision(options) + ending(options)
    for (place, rule) in schedule.rules.enumerated() {
      let network = model.networks[rule.phase.network].name
      let turns = Count.text(rule.repeats, "turn")
      rows.append(("\(place + 1)", "\(rule.phase.name), \(turns): trains the \(network)"))
      rows.append(("", "minimises \(rule.phase.objective)"))
      rows.append(("", optimizerText(options.optimizer(of: network))))
    }
    return NamedValues.lines(rows)
  }

  /// What looks after the game, if anything does.
  private static func supervision(_ options: Options) -> [(String, String)] {
    var rows: [(String, String)] = []
    if options.balance.every > 0 {
      rows.append(
        (
          "balance",
          "every \(options.balance.every) steps: accuracy kept from \(options.balance.lowest.optionText) to "
            + "\(options.balance.highest.optionText) by up to \(Count.text(options.balance.limit, "turn")) a step"
        ))
    }
    if options.watch.every > 0 {
      let watch = options.watch
      let change =
        watch.policy == .rewind
        ? " up to \(watch.attempts) times, step sizes x \(watch.rateFactor.optionText), noise + \(watch.noise.optionText)"
        : ""
      rows.append(
        (
          "watch",
          "every \(watch.every) steps from step \(watch.grace) on; after \(Count.text(watch.patience, "bad check")): "
            + "\(watch.policy.rawValue)\(change)"
        ))
    }
    if let comparison = SampleComparison(options) {
      rows.append(("compare", comparison.text))
    }
    if let rule = AugmentRule(options) {
      rows.append(
        (
          "augment",
          "every \(rule.every) steps: probability from \(options.initialAugmentation.optionText), raised to at most "
            + "\(options.model[AugmentOptions.limit].optionText), so that the mean sign of real scores is "
            + "\(options.model[AugmentOptions.target].optionText); all the way in "
            + "\(options.model[AugmentOptions.speed].optionText) images"
        ))
    }
    if options.quality.every > 0 {
      let best = options.checkpoint.keepBest ? "; the best by \(options.quality.metric.rawValue) is kept" : ""
      rows.append(
        (
          "quality",
          "every \(options.quality.every) steps: \(options.quality.samples) fakes in \(options.quality.spaceText)\(best)"
        ))
    }
    return rows
  }

  /// When the run ends by itself.
  private static func ending(_ options: Options) -> [(String, String)] {
    guard options.endsByQuality else { return [] }
    return [
      (
        "stop",
        "when \(options.quality.metric.rawValue) has not improved by more than "
          + "\(options.stop.margin.optionText) of its best value in \(options.stop.patience) measurements"
      )
    ]
  }

  private static func optimizerText(_ optimizer: Options.Optimizer) -> String {
    var parts = ["\(optimizer.kind.name), learning rate \(optimizer.learningRate.optionText)"]
    switch optimizer.kind {
    case .adam: parts.append("betas \(optimizer.beta1.optionText) and \(optimizer.beta2.optionText)")
    case .rmsprop: parts.append("alpha \(optimizer.alpha.optionText)")
    case .sgd: parts.append("momentum \(optimizer.momentum.optionText)")
    }
    if optimizer.weightDecay > 0 { parts.append("weight decay \(optimizer.weightDecay.optionText)") }
    if optimizer.warmup > 0 { parts.append("rising over \(Count.text(optimizer.warmup, "step"))") }
    if let end = optimizer.decaySteps {
      parts.append("falling (\(optimizer.decay.rawValue)) to 0 at step \(end)")
    }
    return parts.joined(separator: ", ")
  }
}

extension Options.Quality {
  /// The space that samples are compared in, for people.
  fileprivate var spaceText: String {
    switch space {
    case .pca: "\(components) components"
    case .classifier: "the features of a classifier trained on the labels"
    case .weights: "the features of \(weights ?? "given weights")"
    }
  }
}
