import Models
import Quality

/// Measures the samples of a run in its course, on all ranks: every rank draws its part of the fakes from the
/// averaged generator, all ranks get the features of all, and compute the same numbers from them.
struct QualityMonitor {
  let reference: QualityReference
  let exchange: RankExchange
  private let whole: Options
  private var options: Options.Quality { whole.quality }
  /// What was measured last.
  private(set) var last: QualityScores?

  init(_ reference: QualityReference, _ options: Options, over exchange: RankExchange) {
    self.reference = reference
    self.exchange = exchange
    whole = options
  }

  /// Whether a measurement is due when `done` steps are.
  func isDue(at done: Int, isLast: Bool) -> Bool {
    options.every > 0 && (isLast || done % options.every == 0)
  }

  /// Measures a model whose updates are complete. The latents are the same every time.
  mutating func measure(_ model: any Model) throws -> QualityScores {
    let scores = try QualityScores.measured(
      model, against: reference, options, seed: whole.seed, over: exchange
    ).scores
    last = scores
    return scores
  }

  /// What the progress line shows.
  var progress: [(name: String, value: Double)] {
    guard let last else { return [] }
    return [(name: options.metric.statistic.label ?? options.metric.rawValue, value: last[options.metric])]
  }

  /// The best generation after one of `step` with these scores, given the best before.
  func best(after scores: QualityScores, step: Int, before: BestGeneration?) -> BestGeneration? {
    let value = scores[options.metric]
    let weights = reference.weightsSHA256
    let rival = before.flatMap { $0.isLike(options, weights: weights) ? $0 : nil }
    if let rival, !options.metric.isBetter(value, than: rival.value) { return rival }
    guard value.isFinite else { return nil }
    return BestGeneration(
      step: step, value: value, metric: options.metric, setting: options.setting(weights: weights))
  }

  /// What is known of the run's getting better after these scores; nil if it does not end for it.
  func convergence(after scores: QualityScores, step: Int, before: Convergence?) -> Convergence? {
    guard whole.stop.patience > 0 else { return nil }
    return Convergence.after(
      scores[options.metric], step: step, options, weights: reference.weightsSHA256,
      margin: whole.stop.margin, before: before)
  }

  /// Why the run ends by what is known of its getting better, for people; nil if it does not.
  func verdict(of convergence: Convergence?) -> String? {
    convergence?.verdict(whole, weights: reference.weightsSHA256)
  }
}
