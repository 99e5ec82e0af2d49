import Checkpoints
import Datasets
package import MessagePassing
import Models
import Platform
import Quality
import Reporting
import TensorCore

/// How good the samples of a checkpoint are: what a run measures in its course, and whether they are copies
/// of training samples. The same values on any number of ranks.
package struct CheckpointEvaluation {
  /// Checkpoints that were passed over.
  package let rejected: [String]
  private let path: String
  private let step: Int
  private let data: (name: String, shape: String, count: Int, fingerprint: String)
  /// Whether these are the data that the run was trained on.
  private let areOwnData: Bool
  private let samples: Int
  private let space: (name: String, text: String)
  /// Equal where the numbers of evaluations compare.
  private let comparable: String
  private let metrics: [QualityMetric]
  private let scores: QualityScores
  private let memorisation: Memorisation?
  private let diversity: (fake: Diversity, real: Diversity)
  private let mixture: MixtureQuality?
  /// What the model is shown of samples, and how well it completes them; nil of a model without a context.
  private let completion: (shown: String, error: Double, overlap: Double?)?
  /// The share of the data's spread below which samples count as collapsed.
  private let leastSpread: Double

  /// Checks that there is a whole checkpoint at each of some paths, before time is spent on the first, and
  /// whether they make samples of one kind.
  /// - Parameters:
  ///   - overrides: `key=value` words over the runs' options.
  ///   - tell: told on rank 0, in one line, where their measures will not compare.
  /// - Throws: `CheckpointError`, ``OverrideError``, `OptionsError`, on all ranks alike.
  package static func requireCheckpoints(
    at paths: [String], overrides: [String], over communicator: any Communicator,
    telling tell: (String) -> Void
  ) throws {
    guard paths.count > 1 else { return }
    _ = try communicator.fromCoordinator {
      let isDataGiven = overrides.contains { $0.hasPrefix("data=") }
      let samples = try paths.map { path in
        let found = try FoundCheckpoint(at: path)
        let options = try found.options().applying(overrides, for: .measurement)
        let data = options.data.optionValue.canonicalText
        let size = "\(options.size)x\(options.size)x\(options.channels)"
        // The same data may lie at several paths.
        return (name: "\(data) of \(size)", kind: (isDataGiven ? data : found.info.dataFingerprint) + size)
      }
      if let other = samples.first(where: { $0.kind != samples[0].kind }) {
        tell("warning: samples of \(samples[0].name) and of \(other.name) have distances that do not compare")
      }
      return []
    }
  }

  /// Evaluates the checkpoint at `path`, or the newest one of the run at `path`. All ranks call; rank 0 reads
  /// the checkpoint and gives the others its networks.
  /// - Parameters:
  ///   - overrides: `key=value` words over the run's options, such as `data=DIR`.
  ///   - board: told of signs of progress.
  /// - Throws: `CheckpointError`, ``OverrideError``, `OptionsError`, `DatasetError`, ``CoordinationError`` where
  ///   ranks have other data or compute otherwise, on all ranks alike; `CommunicationError`.
  package init(
    _ path: String, overrides: [String], over communicator: any Communicator,
    telling board: ProgressBoard? = nil
  ) throws {
    var found: FoundCheckpoint?
    let options = try communicator.options {
      let checkpoint = try FoundCheckpoint(at: path)
      found = checkpoint
      return try checkpoint.options().applying(overrides, for: .measurement)
    }
    let layout = try communicator.nodeLayout()
    options.threads.apply(ranksOnNode: layout.localSize(of: communicator.rank))
    let dataset = try communicator.together {
      try MemoryError.checkMaking(options)
      let dataset = try Datasets.open(DatasetRequest(options))
      try FeatureSpaces.check(dataset, options, rank: communicator.rank)
      return dataset
    }
    if communicator.size > 1 { try Handshake(options, dataset, measures: true).verify(over: communicator) }
    board?.enter(.saving)
    let state = RunState(model: options.makeModel(), options)
    state.model.noteProgress = { board?.noteProgress() }
    try communicator.together {
      guard let generation = found?.generation else { return }
      try RunState.restoreAverages(of: state.model, from: generation)
    }
    let exchange = RankExchange(communicator, telling: board)
    try state.broadcast(over: exchange)
    let isOwn = found?.info.dataFingerprint == dataset.fingerprint.description
    areOwnData = try exchange.broadcast([isOwn ? 1 : 0]) == [1]
    let run = found?.run
    let isOwnClassifier =
      areOwnData && run?.options.quality.classifierSteps == options.quality.classifierSteps
      && run?.options.dataset.resize == options.dataset.resize
    var told: [String] = []
    let reference = try FeatureSpaces.reference(
      dataset, options, folder: run?.folder, keepsClassifier: isOwnClassifier, over: communicator
    ) { told.append($0) }
    let (scores, all, completions) = try QualityScores.measured(
      state.model, against: reference, options.quality, seed: options.seed, over: exchange)
    let fake = all.rows(0..<options.quality.samples)
    let training = try reference.trainingFeatures(over: communicator)
    rejected = found?.rejected ?? []
    self.path = found?.generation.path ?? path
    step = found?.info.step ?? 0
    data = (
      dataset.name, dataset.sampleShape.extents.map(String.init).joined(separator: "x"), dataset.count,
      dataset.fingerprint.description
    )
    samples = fake.rows
    let setting = options.quality.setting(weights: reference.weightsSHA256)
    let shown = state.model.context?.text
    comparable = "\(data.fingerprint) \(data.shape) \(options.dataset.resize) \(setting) \(shown ?? "")"
    space = (reference.space.name, told.joined(separator: "; "))
    metrics = QualityMetric.all(in: options.quality.space)
    self.scores = scores
    let isFinite = fake.values.allSatisfy(\.isFinite)
    // What completes a training sample is near to it.
    let canTell = isFinite && training.rows > 1 && !(areOwnData && shown != nil)
    memorisation =
      canTell
      ? try TrainingNeighbours(training, over: exchange).memorisation(of: fake, over: exchange) : nil
    diversity = (Diversity(of: fake), Diversity(of: reference.real))
    leastSpread = options.watch.spread
    if case .mixture(let kind) = options.data {
      mixture = SampleMeasurement.quality(of: state.model, kind, seed: options.seed)
    } else {
      mixture = nil
    }
    if let shown, let completions {
      let overlap = options.modelsVolumes ? completions.overlap(ofFirst: fake.rows) : nil
      completion = (shown, completions.error(ofFirst: fake.rows), overlap)
    } else {
      completion = nil
    }
  }

  /// One number; one that is none is undefined, as a ratio to what is 0 in the data.
  private struct Row {
    let key: String
    let name: String
    let value: Double
    /// What is good, for people.
    let aim: String

    init(_ key: String, _ name: String, _ value: Double, _ aim: String) {
      (self.key, self.name, self.value, self.aim) = (key, name, value, aim)
    }

    init(_ metric: QualityMetric, _ value: Double) {
      self.init(
        metric.statistic.key, metric.text, value,
        metric.isBetter(0, than: 1) ? "smaller is better" : "larger is better")
    }

    var text: String { value.isNaN ? "-" : FixedDecimal.text(value, places: 5) }
  }

  private var rows: [Row] {
    var rows = metrics.map { Row($0, scores[$0]) }
    rows += [
      Row("spread_ratio", "spread over that of the data", spreadRatio, "near 1 is good"),
      Row(
        "effective_rank_ratio", "effective rank over that of the data",
        Self.ratio(diversity.fake.effectiveRank, diversity.real.effectiveRank), "near 1 is good"),
    ]
    if let memorisation {
      rows += [
        Row(
          "nearest_distance_ratio", "distance to the nearest training sample",
          memorisation.distanceRatio ?? .nan, "around 1 for new samples, near 0 for copies"),
        Row(
          "copies", "share nearer than 99 % of the data are", memorisation.copies,
          "around 0.01 for new samples"),
      ]
    }
    if let mixture {
      let quality = SampleMeasurement.highQuality
      rows += [
        Row(.modes, Double(mixture.modesCovered)),
        Row(quality.key, quality.plot ?? quality.key, mixture.highQuality, "larger is better"),
        Row(.reverseKL, mixture.reverseKL ?? .nan),
      ]
    }
    if let completion {
      rows.append(
        Row(
          "reconstruction_error", "difference from the original", completion.error, "smaller is better"))
      if let overlap = completion.overlap {
        rows.append(
          Row("iou", "intersection over union, shown part too", overlap, "larger is better, up to 1"))
      }
    }
    return rows
  }

  private var spreadRatio: Double { Self.ratio(diversity.fake.spread, diversity.real.spread) }

  private static func ratio(_ fake: Double, _ real: Double) -> Double { real > 0 ? fake / real : .nan }

  /// What forbids to take the numbers at their word.
  private var caution: String? {
    guard spreadRatio < leastSpread else { return nil }
    return "samples that are alike: less than watch.spread=\(leastSpread) of the data's spread. "
      + "Precision, density and, in the middle of the data, coverage do not see that; recall does"
  }

  /// One JSON object.
  package var json: String {
    JSONValue.object(
      [
        .init("path", .string(path)), .init("step", .integer(step)), .init("data", .string(data.name)),
        .init("data_samples", .integer(data.count)), .init("own_data", .bool(areOwnData)),
        .init("space", .string(space.name)), .init("samples", .integer(samples)),
      ] + (completion.map { [.init("shown", .string($0.shown))] } ?? [])
        + rows.map { .init($0.key, .double($0.value)) }
        + (caution.map { [.init("caution", .string($0))] } ?? [])
    ).text
  }

  private var heading: [(name: String, value: String)] {
    let others = areOwnData ? "" : ", not those that the run was trained on"
    return [
      ("checkpoint", path), ("step", "\(step)"),
      ("data", "\(data.name) \(data.shape), \(Count.text(data.count, "sample"))\(others)"),
      ("fakes", "\(samples)"),
      ("feature space", space.text.isEmpty ? space.name : space.text),
    ] + (completion.map { [("shown", $0.shown)] } ?? [])
  }

  /// A table for people.
  package var text: String {
    let values = rows.map(\.text)
    let width = values.map(\.count).max() ?? 0
    let measured = zip(rows, values).map { row, value in
      (row.name, "\(value)\(String(repeating: " ", count: width - value.count + 2))\(row.aim)")
    }
    return NamedValues.text(heading + measured + (caution.map { [("caution", $0)] } ?? []))
  }

  /// Several evaluations side by side, for people: a heading for each, numbered, then a column for each.
  package static func table(_ evaluations: [CheckpointEvaluation]) -> String {
    var lines: [String] = []
    for (number, evaluation) in evaluations.enumerated() {
      let told = evaluation.heading.map { $0.name == "checkpoint" ? $0.value : "\($0.name) \($0.value)" }
      lines.append(TerminalText.escaped("\(number + 1)  \(told.joined(separator: ", "))"))
      if let caution = evaluation.caution { lines.append(TerminalText.escaped("   caution: \(caution)")) }
    }
    if Set(evaluations.map(\.comparable)).count > 1 {
      lines.append(
        "caution: other data, sizes, contexts, numbers of fakes or feature spaces make other distances: these "
          + "do not compare")
    }
    let columns = evaluations.map { $0.rows }
    var names: [(key: String, name: String, aim: String)] = []
    for row in columns.joined() where !names.contains(where: { $0.key == row.key }) {
      names.append((row.key, row.name, row.aim))
    }
    let cells = names.map { name in
      columns.map { rows in rows.first { $0.key == name.key }?.text ?? "-" }
    }
    let width = max(8, cells.joined().map(\.count).max() ?? 0)
    func line(_ cells: [String]) -> String {
      cells.map { String(repeating: " ", count: width - $0.count + 2) + $0 }.joined()
    }
    let rows =
      [("", line(evaluations.indices.map { "\($0 + 1)" }))]
      + zip(names, cells).map { ($0.name, "\(line($1))  \($0.aim)") }
    return (lines + NamedValues.lines(rows)).joined(separator: "\n")
  }
}
