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
  /// Modes of the space with a fake.
  case modes
  /// Divergence of the fakes' modes from those of the data.
  case reverseKL

  /// Whether it counts by classes, which not every space has.
  var needsClasses: Bool { self == .modes || self == .reverseKL }

  /// Whether it may be measured in this space.
  func isKnown(in space: FeatureSpaceKind) -> Bool { space != .pca || !needsClasses }

  /// Whether a value is better than another; what is no number is worse than any.
  func isBetter(_ value: Double, than other: Double) -> Bool {
    guard value.isFinite else { return false }
    guard other.isFinite else { return true }
    return [.frechet, .kernel, .reverseKL].contains(self) ? value < other : value > other
  }
}

extension Options {
  /// When and how the quality of samples is measured, under `quality.`.
  public struct Quality: Sendable, Equatable {
    /// Steps between two measurements; 0 for none.
    public internal(set) var every = 0
    /// Samples that are drawn for a measurement.
    public internal(set) var samples = 0
    /// Where the feature space comes from.
    public internal(set) var space = FeatureSpaceKind.pca
    /// The safetensors file of the space's network; nil unless the space is of given weights.
    public internal(set) var weights: String?
    /// Updates of the classifier that is trained on the labelled data.
    public internal(set) var classifierSteps = 0
    /// Principal components of the feature space.
    public internal(set) var components = 0
    /// The number by which generations are compared.
    public internal(set) var metric = QualityMetric.frechet
  }
}

extension Options {
  /// When a run ends because it gets no better, under `stop.`.
  public struct Stop: Sendable, Equatable {
    /// Measurements in a row without improvement after which it ends; 0 for never.
    public internal(set) var patience = 0
    /// The share of the best value by which a better one has to differ from it.
    public internal(set) var margin = 0.0
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
      help:
        "fakes of a measurement, and real samples beside them; the Fréchet distance falls with their number"),
    OptionKey(
      "quality.space", \.quality.space, .word(FeatureSpaceKind.allCases.map(\.rawValue)),
      default: .value(.text(FeatureSpaceKind.pca.rawValue)), role: .execution,
      synonyms: ["features", "eval_backbone", "inception"],
      help:
        "what samples are compared in: the data's principal components, the last hidden layer of a classifier that is "
        + "trained on the labels (kept in the run folder), or that of quality.weights"),
    OptionKey(
      optional: "quality.weights", \.quality.weights, .path, role: .execution,
      help:
        "safetensors with quality.space=weights: 4x4 convolutions of stride 2 and padding 1 (main.0, main.2, …), one over "
        + "the places left, ReLU behind each; its outputs are the features. A linear layer classes is optional"
    ),
    OptionKey(
      "quality.classifierSteps", \.quality.classifierSteps, .integer(1...1_000_000),
      default: .value(.integer(1000)), unit: "updates", role: .execution,
      help: "updates, of 128 samples each, of the classifier of quality.space=classifier"),
    OptionKey(
      "quality.components", \.quality.components, .integer(1...1024), default: .value(.integer(64)),
      role: .execution,
      help: "principal components of the training samples in which they are measured, with quality.space=pca"),
    OptionKey(
      "quality.metric", \.quality.metric, .word(QualityMetric.allCases.map(\.rawValue)),
      default: .value(.text(QualityMetric.frechet.rawValue)), role: .execution,
      help: "what the best checkpoint is best in, and what stop.patience looks at"),
    OptionKey(
      "stop.patience", \.stop.patience, .integer(0...1_000_000), default: .value(.integer(0)),
      unit: "measurements", role: .execution, synonyms: ["early_stopping", "patience"],
      help: "the run ends, saved and done, when quality.metric has not improved in so many; 0 for never"),
    OptionKey(
      "stop.margin", \.stop.margin, .number(.closed(0, 1)), default: .value(.number(0)), role: .execution,
      synonyms: ["min_delta"], help: "share of the best value that counts as an improvement"),
  ]
}

extension Options {
  /// Whether the run may end by what is measured.
  package var endsByQuality: Bool { stop.patience > 0 && quality.every > 0 }
}

extension OptionsResolution {
  /// A space of given weights needs them, points and volumes have principal components alone, and modes are
  /// told by networks.
  mutating func checkSpace() {
    guard let space = settings["quality.space"] else { return }
    let kind = FeatureSpaceKind(space.value)
    if kind == .weights, settings["quality.weights"] == nil, !refused.contains("quality.weights") {
      report("quality.space=weights is given, but no weights", space.origin, "give quality.weights=FILE too")
    }
    if kind != .weights {
      lapse(
        "quality.weights", to: nil, as: "quality.space=\(kind.rawValue)", "give quality.space=weights too")
    }
    if kind != .pca, let family = schema.family?.definition, family.modelsPoints || family.modelsVolumes {
      report(
        "quality.space=\(kind.rawValue) is for images, and the data are "
          + (family.modelsPoints ? "points" : "volumes"), space.origin, "give quality.space=pca")
    }
    guard let metric = settings["quality.metric"] else { return }
    let wanted = QualityMetric(metric.value)
    guard !wanted.isKnown(in: kind) else { return }
    // Gives way to a space that was chosen after it.
    guard metric.layer >= space.layer else {
      derive("quality.metric", QualityMetric.frechet.optionValue)
      return
    }
    report(
      "quality.metric=\(wanted.rawValue) is given, but principal components know no modes", metric.origin,
      "give quality.space=classifier, or another quality.metric")
  }
}
