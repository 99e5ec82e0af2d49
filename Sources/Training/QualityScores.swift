import Checkpoints
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

  /// The scores of fakes, by their features.
  package init(fake: Matrix, against reference: QualityReference) {
    let isFinite = fake.values.allSatisfy(\.isFinite)
    frechet = isFinite ? Moments(of: fake).frechetDistance(to: reference.moments) : .nan
    let isComparable = isFinite && min(fake.rows, reference.real.rows) > NeighbourhoodScores.neighbours
    kernel = isComparable ? KernelDistance.between(reference.real, fake) : .nan
    neighbourhoods = isComparable ? NeighbourhoodScores(real: reference.real, fake: fake) : nil
  }

  /// The value of a metric; not a number where the fakes are none.
  package subscript(metric: QualityMetric) -> Double {
    switch metric {
    case .frechet: frechet
    case .kernel: kernel
    case .precision: neighbourhoods?.precision ?? .nan
    case .recall: neighbourhoods?.recall ?? .nan
    case .density: neighbourhoods?.density ?? .nan
    case .coverage: neighbourhoods?.coverage ?? .nan
    }
  }

  /// All values, for the log.
  package var statistics: [(Statistic, Float)] {
    QualityMetric.allCases.map { ($0.statistic, Float(self[$0])) }
  }
}

extension QualityMetric {
  /// What it is called in the log, on the progress line and in plots.
  package var statistic: Statistic {
    switch self {
    case .frechet: Statistic("frechet_distance", label: "Fréchet", plot: "Fréchet distance")
    case .kernel: Statistic("kernel_distance", label: "KID", plot: "kernel distance")
    case .precision: Statistic("precision", label: "precision", plot: "neighbourhoods")
    case .recall: Statistic("recall", label: "recall", plot: "neighbourhoods")
    case .density: Statistic("density", label: "density", plot: "neighbourhoods")
    case .coverage: Statistic("coverage", label: "coverage", plot: "neighbourhoods")
    }
  }
}

/// The best generation so far, part of a run's state.
package struct BestGeneration: Equatable, Sendable {
  /// The steps that were done.
  package let step: Int
  /// The value of the metric.
  package let value: Double
  /// The metric.
  package let metric: QualityMetric
}

extension BestGeneration {
  /// The best generation that a manifest's values tell of, if any.
  init?(_ state: [String: StateValue]) {
    guard let step = state["best.step"]?.integer, let value = state["best.value"]?.number, step >= 0,
      let metric = state["best.metric"]?.text.flatMap(QualityMetric.init(rawValue:))
    else { return nil }
    self.init(step: step, value: value, metric: metric)
  }
}

extension QualityMetric {
  /// The position among all metrics.
  var place: Int { Self.allCases.firstIndex(of: self) ?? 0 }
}
