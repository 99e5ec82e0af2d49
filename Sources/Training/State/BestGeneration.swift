package import Checkpoints
package import Models
import Platform

/// The best generation so far, part of a run's state.
package struct BestGeneration: Equatable, Sendable {
  /// The steps that were done.
  package let step: Int
  /// What the metric says of it.
  package let value: Double
  /// What it is the best by.
  package let metric: QualityMetric
  /// Names the space and the number of samples that it was measured with; see
  /// ``Options/Quality/setting(weights:)``.
  package let setting: Int

  /// A measurement.
  package init(step: Int, value: Double, metric: QualityMetric, setting: Int) {
    self.step = step
    self.value = value
    self.metric = metric
    self.setting = setting
  }

  /// Whether its value can be compared with those that are measured so.
  /// - Parameter sha256: see ``QualityReference/weightsSHA256``.
  package func isLike(_ options: Options.Quality, weights sha256: String?) -> Bool {
    metric == options.metric && [options.setting(weights: sha256), options.formerSetting].contains(setting)
  }
}

extension BestGeneration {
  /// The generation that a manifest's values tell of, if any; none where they are what no run writes.
  init?(_ state: [String: StateValue], named name: String = "best") {
    // Versions that wrote no setting cannot be compared with.
    let setting = state["\(name).setting"]?.integer ?? -1
    guard let step = state["\(name).step"]?.integer, 0...GenerationInfo.lastStep ~= step,
      let value = state["\(name).value"]?.number, -1...Int(UInt32.max) ~= setting,
      let metric = state["\(name).metric"]?.text.flatMap(QualityMetric.init(rawValue:))
    else { return nil }
    self.init(step: step, value: value, metric: metric, setting: setting)
  }

  /// The values for a manifest.
  func counters(named name: String = "best") -> [String: StateValue] {
    [
      "\(name).step": .integer(step), "\(name).value": .number(value),
      "\(name).metric": .text(metric.rawValue), "\(name).setting": .integer(setting),
    ]
  }

  /// The numbers that travel between ranks.
  var numbers: [Double] { [Double(step), value, Double(metric.place), Double(setting)] }

  /// The numbers of a rank; nil if there are none.
  init?(numbers: some Collection<Double>) {
    let numbers = Array(numbers)
    guard numbers.count == 4, numbers[0] >= 0 else { return nil }
    self.init(
      step: Int(numbers[0]), value: numbers[1], metric: QualityMetric.allCases[Int(numbers[2])],
      setting: Int(numbers[3]))
  }
}

extension Options.Quality {
  /// A 32-bit hash of what makes values of a metric comparable: the space, what it is made from and the
  /// number of samples. Keys that the space does not read are not in it, and given weights are known by their
  /// content, wherever their file lies.
  /// - Parameter sha256: see ``QualityReference/weightsSHA256``.
  package func setting(weights sha256: String?) -> Int {
    let source =
      switch space {
      case .pca: "\(components)"
      case .classifier: "\(classifierSteps)"
      case .weights: sha256 ?? ""
      }
    return Self.hash("\(space) \(source) \(samples)")
  }

  /// What generations of the first format hold instead: a hash of all these keys, whether the space reads
  /// them or not.
  var formerSetting: Int {
    Self.hash("\(space) \(weights ?? "") \(classifierSteps) \(components) \(samples)")
  }

  private static func hash(_ text: String) -> Int {
    Int(SHA256.digest(of: text).prefix(8), radix: 16) ?? 0
  }
}

/// What a run that ends when it gets no better remembers, a part of its state: all of it follows from
/// measurements that are the same on every rank.
package struct Convergence: Equatable, Sendable {
  /// The last measurement that was an improvement.
  package let best: BestGeneration
  /// Measurements since.
  package let misses: Int

  /// What is remembered after a measurement; nil before the first value that is finite. Values of another
  /// metric or setting than before are a beginning.
  /// - Parameters:
  ///   - sha256: see ``QualityReference/weightsSHA256``.
  ///   - margin: the share of the best value by which a better one has to differ from it.
  package static func after(
    _ value: Double, step: Int, _ quality: Options.Quality, weights sha256: String? = nil, margin: Double,
    before: Convergence?
  ) -> Convergence? {
    let rival = before.flatMap { $0.best.isLike(quality, weights: sha256) ? $0 : nil }
    let measured = BestGeneration(
      step: step, value: value, metric: quality.metric, setting: quality.setting(weights: sha256))
    guard let rival else { return value.isFinite ? Convergence(best: measured, misses: 0) : nil }
    let isBetter =
      quality.metric.isBetter(value, than: rival.best.value)
      && abs(value - rival.best.value) > abs(rival.best.value) * margin
    return isBetter
      ? Convergence(best: measured, misses: 0) : Convergence(best: rival.best, misses: rival.misses + 1)
  }

  /// For the log.
  package var statistics: [(Statistic, Float)] { [(Statistic("stop_misses"), Float(misses))] }

  /// Why the run ends, for people; nil if it does not.
  /// - Parameter sha256: see ``QualityReference/weightsSHA256``.
  package func verdict(_ options: Options, weights sha256: String? = nil) -> String? {
    guard options.stop.patience > 0, misses >= options.stop.patience,
      best.isLike(options.quality, weights: sha256)
    else { return nil }
    return "\(best.metric.rawValue) has not improved on \(Float(best.value)) of step \(best.step) in "
      + Count.text(misses, "measurement")
  }
}

extension Convergence {
  /// What a manifest's values tell of; nil where they are what no run writes.
  package init?(_ state: [String: StateValue]) {
    guard let best = BestGeneration(state, named: Self.name),
      let misses = state["\(Self.name).misses"]?.integer, 0...GenerationInfo.lastStep ~= misses
    else { return nil }
    self.init(best: best, misses: misses)
  }

  /// The values for a manifest.
  var counters: [String: StateValue] {
    best.counters(named: Self.name).merging(["\(Self.name).misses": .integer(misses)]) { own, _ in own }
  }

  /// The numbers that travel between ranks.
  var numbers: [Double] { best.numbers + [Double(misses)] }

  /// The numbers of a rank; nil if there are none.
  init?(numbers: [Double]) {
    guard let misses = numbers.last, let best = BestGeneration(numbers: numbers.dropLast()) else {
      return nil
    }
    self.init(best: best, misses: Int(misses))
  }

  private static let name = "convergence"
}
