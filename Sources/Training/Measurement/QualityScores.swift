package import Models
package import Quality

/// How good fakes are, by all metrics.
package struct QualityScores: Equatable, Sendable {
  /// Fréchet distance to all training samples.
  package let frechet: Double
  /// Kernel distance to as many real samples.
  package let kernel: Double
  /// Precision, recall, density and coverage against as many real samples.
  package let neighbourhoods: NeighbourhoodScores?
  /// The modes that fakes reach, of a space that knows modes.
  package let coverage: ModeCoverage?
  private let space: FeatureSpaceKind

  /// Fakes that are drawn to measure as many by distances: of a space that knows modes 26 for each, as many
  /// as PacGAN's 26,000 for the 1,000 modes of stacked MNIST.
  package static func fakeCount(_ samples: Int, in space: any FeatureSpace) -> Int {
    max(samples, 26 * space.modeCount)
  }

  /// The scores of fakes, by their features.
  /// - Parameters:
  ///   - samples: how many of them, from the first on, distances and neighbourhoods are of; modes are counted
  ///     among all.
  ///   - space: where the space of `reference` comes from.
  package init(
    fake all: Matrix, samples: Int, against reference: QualityReference, in space: FeatureSpaceKind,
    noteProgress: () -> Void = {}
  ) {
    self.space = space
    let fake = all.rows(0..<min(samples, all.rows))
    let isFinite = all.values.allSatisfy(\.isFinite)
    coverage =
      isFinite && !reference.modeShares.isEmpty
      ? ModeCoverage(modes: reference.space.modes(of: all), shares: reference.modeShares) : nil
    frechet = isFinite ? Moments(of: fake).frechetDistance(to: reference.moments) : .nan
    let isComparable = isFinite && min(fake.rows, reference.real.rows) > NeighbourhoodScores.neighbours
    kernel = isComparable ? KernelDistance.between(reference.real, fake, noteProgress: noteProgress) : .nan
    // As many of either: more fakes than real samples would cover them by their number.
    neighbourhoods =
      isComparable
      ? NeighbourhoodScores(
        real: reference.real, fake: fake.rows(0..<min(fake.rows, reference.real.rows)),
        noteProgress: noteProgress) : nil
  }

  /// The scores of fakes that a model draws on all ranks, from the latents of `seed`, the features of all of
  /// them and, of a model with a context, how well they complete the samples of `reference`.
  /// - Parameter options: how many, and where the space of `reference` comes from.
  /// - Throws: `DatasetError` for a sample that cannot be read, on all ranks; `CommunicationError`.
  static func measured(
    _ model: any Model, against reference: QualityReference, _ options: Options.Quality, seed: UInt64,
    over exchange: RankExchange
  ) throws -> (scores: QualityScores, fakes: Matrix, completions: Completions?) {
    let (fakes, completions) = try model.features(
      of: fakeCount(options.samples, in: reference.space), against: reference, seed: seed, turn: 0,
      isAveraged: true, over: exchange)
    let scores = QualityScores(
      fake: fakes, samples: options.samples, against: reference, in: options.space,
      noteProgress: exchange.noteProgress)
    return (scores, fakes, completions)
  }

  /// The value of a metric; NaN if it could not be measured.
  package subscript(metric: QualityMetric) -> Double {
    switch metric {
    case .frechet: frechet
    case .kernel: kernel
    case .precision: neighbourhoods?.precision ?? .nan
    case .recall: neighbourhoods?.recall ?? .nan
    case .density: neighbourhoods?.density ?? .nan
    case .coverage: neighbourhoods?.coverage ?? .nan
    case .modes: coverage.map { Double($0.covered) } ?? .nan
    case .reverseKL: coverage?.reverseKL ?? .nan
    }
  }

  /// All values, for the log.
  package var statistics: [(Statistic, Float)] {
    QualityMetric.all(in: space).map { ($0.statistic, Float(self[$0])) }
  }
}

extension QualityMetric {
  /// Those that are measured in a space.
  package static func all(in space: FeatureSpaceKind) -> [QualityMetric] {
    allCases.filter { $0.isKnown(in: space) }
  }

  /// What it is called in a table.
  var text: String {
    switch self {
    case .frechet, .kernel: "\(rawValue) distance"
    case .precision, .recall, .density, .coverage: rawValue
    case .modes: "modes covered"
    case .reverseKL: "reverse KL"
    }
  }

  /// What it is called in the log, on the progress line and in plots.
  package var statistic: Statistic {
    switch self {
    case .frechet: Statistic("frechet_distance", label: "Fréchet", plot: "Fréchet distance")
    case .kernel: Statistic("kernel_distance", label: "KID", plot: "kernel distance")
    case .precision: Statistic("precision", label: "precision", plot: "neighbourhoods")
    case .recall: Statistic("recall", label: "recall", plot: "neighbourhoods")
    case .density: Statistic("density", label: "density", plot: "neighbourhoods")
    case .coverage: Statistic("coverage", label: "coverage", plot: "neighbourhoods")
    case .modes: Statistic("modes", label: "modes", plot: "modes covered")
    case .reverseKL: Statistic("reverse_kl", label: "reverse KL", plot: "reverse KL")
    }
  }
}

extension QualityMetric {
  /// The position among all metrics.
  var place: Int { Self.allCases.firstIndex(of: self) ?? 0 }
}
