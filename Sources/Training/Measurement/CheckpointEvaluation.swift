import Checkpoints
import Datasets
package import MessagePassing
import Models
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
  private let data: (name: String, count: Int)
  /// Whether these are the data that the run was trained on.
  private let areOwnData: Bool
  private let samples: Int
  private let space: (name: String, text: String)
  private let metrics: [QualityMetric]
  private let scores: QualityScores
  private let memorisation: Memorisation?
  private let diversity: (fake: Diversity, real: Diversity)
  private let mixture: MixtureQuality?

  /// Evaluates the checkpoint at `path`, or the newest one of the run at `path`. All ranks call; rank 0 reads
  /// the checkpoint and gives the others its networks.
  /// - Parameter overrides: `key=value` words over the run's options, such as `data=DIR`.
  /// - Throws: `CheckpointError`, `OptionsError`, `DatasetError`, on all ranks alike.
  package init(_ path: String, overrides: [String], over communicator: any Communicator) throws {
    var loaded: (generation: LoadedGeneration, rejected: [String])?
    let yaml = try communicator.fromCoordinator {
      let found = try Inspection.generation(at: path)
      loaded = (found.0, found.rejected)
      let options = try Inspection.options(of: found.0).applying(overrides)
      return Array(options.canonicalYAML.utf8)
    }
    let options = try Options.resolve(yaml: yaml, name: "run", label: "options.yaml")
    let layout = try communicator.nodeLayout()
    options.threads.apply(ranksOnNode: layout.localSize(of: communicator.rank))
    let dataset = try communicator.together {
      try MemoryError.checkMaking(options)
      let dataset = try Datasets.open(DatasetRequest(options))
      try FeatureSpaces.check(dataset, options, rank: communicator.rank)
      return dataset
    }
    let state = RunState(model: options.family.makeModel(options), options)
    try communicator.together {
      guard let generation = loaded?.generation else { return }
      try RunState.restoreAverages(of: state.model, from: generation)
    }
    try state.broadcast(over: RankExchange(communicator))
    var told: [String] = []
    let reference = try FeatureSpaces.reference(
      dataset, options, folder: loaded.map { "\($0.generation.path)/../.." }, over: communicator
    ) { told.append($0) }
    let all = try state.model.features(
      of: QualityScores.fakeCount(options.quality.samples, in: reference.space), against: reference,
      seed: options.seed, turn: 0, isAveraged: true, over: RankExchange(communicator))
    let fake = all.rows(0..<options.quality.samples)
    let training = try reference.trainingFeatures(dataset, over: communicator)
    rejected = loaded?.rejected ?? []
    self.path = loaded?.generation.path ?? path
    step = loaded?.generation.manifest.info.step ?? 0
    data = (dataset.name, dataset.count)
    areOwnData = loaded?.generation.manifest.info.dataFingerprint == dataset.fingerprint.description
    samples = fake.rows
    space = (reference.space.name, told.joined(separator: "; "))
    metrics = QualityMetric.all(in: options.quality.space)
    scores = QualityScores(
      fake: all, samples: options.quality.samples, against: reference, in: options.quality.space)
    let isFinite = fake.values.allSatisfy(\.isFinite)
    memorisation = isFinite && training.rows > 1 ? Memorisation(fake: fake, training: training) : nil
    diversity = (Diversity(of: fake), Diversity(of: reference.real))
    if case .mixture(let kind) = options.data {
      mixture = SampleMeasurement.quality(of: state.model, kind, seed: options.seed)
    } else {
      mixture = nil
    }
  }

  /// Values that are not a number are undefined, as a ratio to what is 0 in the data.
  private var rows: [(key: String, name: String, value: Double)] {
    func ratio(_ fake: Double, _ real: Double) -> Double { real > 0 ? fake / real : .nan }
    var rows: [(key: String, name: String, value: Double)] = metrics.map {
      ($0.statistic.key, $0.text, scores[$0])
    }
    rows += [
      ("spread_ratio", "spread over that of the data", ratio(diversity.fake.spread, diversity.real.spread)),
      (
        "effective_rank_ratio", "effective rank over that of the data",
        ratio(diversity.fake.effectiveRank, diversity.real.effectiveRank)
      ),
    ]
    if let memorisation {
      rows += [
        (
          "nearest_distance_ratio", "distance to the nearest training sample",
          memorisation.distanceRatio ?? .nan
        ),
        ("copies", "share nearer than 99 % of the data are", memorisation.copies),
      ]
    }
    if let mixture {
      rows += [
        ("modes", "modes covered", Double(mixture.modesCovered)),
        ("high_quality", "share of high quality", mixture.highQuality),
        ("reverse_kl", "reverse KL", mixture.reverseKL ?? .nan),
      ]
    }
    return rows
  }

  /// One JSON object.
  package var json: String {
    JSONValue.object(
      [
        .init("path", .string(path)), .init("step", .integer(step)), .init("data", .string(data.name)),
        .init("data_samples", .integer(data.count)), .init("own_data", .bool(areOwnData)),
        .init("space", .string(space.name)), .init("samples", .integer(samples)),
      ] + rows.map { .init($0.key, .double($0.value)) }
    ).text
  }

  /// A table for people.
  package var text: String {
    var table = [("checkpoint", path), ("step", "\(step)")]
    let others = areOwnData ? "" : ", not those that the run was trained on"
    table += [
      ("data", "\(data.name), \(Count.text(data.count, "sample"))\(others)"), ("fakes", "\(samples)"),
    ]
    table.append(("feature space", space.text.isEmpty ? space.name : space.text))
    return NamedValues.text(
      table + rows.map { ($0.name, $0.value.isNaN ? "-" : FixedDecimal.text($0.value, places: 5)) })
  }
}
