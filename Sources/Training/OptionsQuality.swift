import Quality

/// The number by which generations are compared.
public enum QualityMetric: String, CaseIterable, OptionConvertible {
  /// Fréchet distance of features.
  case frechet
  /// Kernel distance of features.
  case kernel
  /// Share of fakes near real samples.
  case precision
  /// Share of real samples near fakes.
  case recall
  /// Real neighbourhoods a fake lies in.
  case density
  /// Share of real samples with a fake in their neighbourhood.
  case coverage

  /// Whether a value is better than another; what is no number is worse than any.
  func isBetter(_ value: Double, than other: Double) -> Bool {
    guard value.isFinite else { return false }
    guard other.isFinite else { return true }
    return self == .frechet || self == .kernel ? value < other : value > other
  }
}

extension Options {
  /// When and how the quality of samples is measured, under `quality.`.
  public struct Quality: Sendable, Equatable {
    /// Steps between two measurements; 0 for none.
    public internal(set) var every = 0
    /// Samples that are drawn for a measurement.
    public internal(set) var samples = 0
    /// Principal components of the feature space.
    public internal(set) var components = 0
    /// The number by which generations are compared.
    public internal(set) var metric = QualityMetric.frechet
  }
}

extension OptionSchema {
  /// The keys of measurements.
  static let quality: [OptionKey] = [
    OptionKey(
      "quality.every", \.quality.every, .integer(0...1_000_000_000), default: .value(.integer(0)),
      unit: "steps", role: .execution, synonyms: ["fid_every", "metrics_every"],
      help: "distance of two measurements of the samples' quality; 0 for none"),
    OptionKey(
      "quality.samples", \.quality.samples, .integer(64...1_000_000), default: .value(.integer(2048)),
      unit: "samples", role: .execution, synonyms: ["num_fid_samples"],
      help: "fakes of a measurement, and real samples beside them; distances fall with their number"),
    OptionKey(
      "quality.components", \.quality.components, .integer(1...1024), default: .value(.integer(64)),
      role: .execution,
      help: "principal components of the training samples in which they are measured"),
    OptionKey(
      "quality.metric", \.quality.metric, .word(QualityMetric.allCases.map(\.rawValue)),
      default: .value(.text(QualityMetric.frechet.rawValue)), role: .execution,
      help: "what the best checkpoint is best in"),
  ]
}
