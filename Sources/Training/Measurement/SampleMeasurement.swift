import Datasets
package import Models
import Reporting
import TensorCore

/// What is measured on samples in the course of a run. Latents are keyed by the seed, so that the values do
/// not depend on who measures.
package struct SampleMeasurement {
  /// What goes to the log.
  package let statistics: [(Statistic, Float)]
  /// The same for people.
  package let text: String

  /// What is measured in a run with these options, in the order of ``statistics``.
  package static func statistics(of options: Options) -> [Statistic] {
    guard case .mixture = options.data else { return [] }
    return [QualityMetric.modes.statistic, highQuality, QualityMetric.reverseKL.statistic]
  }

  /// The share of samples of high quality; see ``MixtureQuality``.
  static let highQuality = Statistic("high_quality", label: "high quality", plot: "share of high quality")

  /// Measures the averaged generator of `model`, whose updates are complete; nil if nothing is measured with
  /// these options.
  package init?(of model: any Model, _ options: Options) {
    guard case .mixture(let kind) = options.data else { return nil }
    let quality = Self.quality(of: model, kind, seed: options.seed)
    let goal = GaussianMixture.modes(of: kind)
    statistics = [
      (QualityMetric.modes.statistic, Float(quality.modesCovered)),
      (Self.highQuality, Float(quality.highQuality)),
      (QualityMetric.reverseKL.statistic, quality.reverseKL.map { Float($0) } ?? .nan),
    ]
    text =
      "\(quality.modesCovered) of \(goal.centres.count) modes, high quality "
      + "\(FixedDecimal.text(100 * quality.highQuality, places: 1)) %, reverse KL "
      + (quality.reverseKL.map { FixedDecimal.text($0, places: 4) } ?? "-")
  }

  /// How well the averaged generator of `model` matches a mixture.
  static func quality(of model: any Model, _ kind: GaussianMixture.Kind, seed: UInt64) -> MixtureQuality {
    let latents = KeyedNoise(seed: seed, purpose: .samples, turn: 0)
      .normal([MixtureQuality.sampleCount, model.latentCount])
    return MixtureQuality(of: model.samples(latents), against: GaussianMixture.modes(of: kind))
  }
}
