import Datasets
package import Models
import Networks
package import Quality
import TensorCore

/// Steers a game in its course: changes the ratio of turns and judges whether all is well, by sums over all
/// ranks.
package struct GameDirector {
  private let balance: BalanceRule?
  private let watch: WatchRule?
  let augment: AugmentRule?
  private let options: Options
  private let schedule: Schedule
  private let reference: WatchReference?
  private let real: Diversity?
  private let centres: Matrix?
  private let exchange: RankExchange

  /// A director of a game; nil if neither its balance, its augmentation nor its course is to be looked after.
  init?(
    _ options: Options, model: any Model, reference: WatchReference?, over exchange: RankExchange
  ) {
    guard options.directsGame else { return nil }
    self.options = options
    self.exchange = exchange
    schedule = options.schedule(of: model)
    balance = BalanceRule(options, schedule)
    watch = WatchRule(options)
    augment = AugmentRule(options)
    self.reference = watch == nil ? nil : reference
    real = self.reference.map { Diversity(of: $0.real.real) }
    if case .mixture(let kind) = options.data, let space = self.reference?.real.space {
      let centres = GaussianMixture.modes(of: kind).centres
      let points = Tensor(centres.flatMap { [$0.x, $0.y] }, shape: [centres.count, 1, 1, 2])
      self.centres = space.features(of: points)
    } else {
      centres = nil
    }
  }

  /// The turns of a step in this state of the game.
  func schedule(for game: GameState) -> Schedule {
    guard let balance else { return schedule }
    let counts = balance.counts(lead: game.lead)
    return schedule.repeating { phase in
      phase.role.map { $0 == .discriminator ? counts.discriminator : counts.generator }
    }
  }

  /// What is measured in a run with these options.
  package static func statistics(of options: Options) -> [Statistic] {
    (options.balance.every > 0 ? balanceStatistics : [])
      + (options.watch.every > 0 ? watchStatistics(of: options) : [])
      + (options.augmentation == .ada ? augmentStatistics : [])
  }

  // MARK: Balance

  /// Whether a decision is due when `done` steps are.
  func isDecisionDue(at done: Int) -> Bool { balance.map { done.isMultiple(of: $0.every) } ?? false }

  /// Decides on the ratio of turns, and begins a new window. What was decided on is returned for the log: the
  /// decision can be made again from it.
  func decide(_ game: inout GameState) -> (measured: [(Statistic, Float)], decision: String) {
    guard let balance else { preconditionFailure("no balance is kept") }
    let inputs = BalanceInputs(game.window)
    let before = Float(game.lead)
    let (lead, decision) = balance.decide(lead: game.lead, inputs)
    game.lead = lead
    game.window = TurnWindow()
    let values = [inputs.accuracy, inputs.lossRatio, inputs.gradientRatio, before, Float(lead)]
    return (Array(zip(Self.balanceStatistics, values)), decision.rawValue)
  }

  private static let balanceStatistics = [
    Statistic("balance_accuracy", plot: "balance"), Statistic("balance_loss_ratio"),
    Statistic("balance_gradient_ratio"), Statistic("balance_lead_before"),
    Statistic("balance_lead", label: "lead", plot: "turns' lead"),
  ]

  // MARK: Watch

  /// Whether a check is due when `done` steps are.
  func isCheckDue(at done: Int) -> Bool { watch.map { done.isMultiple(of: $0.every) } ?? false }

  /// Draws fakes from the generator as it is trained, on all ranks, and judges them.
  func check(
    _ model: any Model, loss: Float, step: Int, _ game: inout GameState
  ) throws -> (measured: [(Statistic, Float)], verdict: WatchRule.Verdict) {
    guard let watch, let reference, let real else { preconditionFailure("nothing is watched") }
    let fakes = try model.features(
      of: options.watch.samples, against: reference.real, seed: options.seed, turn: 1, isAveraged: false,
      over: exchange
    ).features
    var inputs = WatchInputs(fakes: fakes, real: real, centres: centres, loss: loss)
    if let neighbours = reference.neighbours, fakes.values.allSatisfy(\.isFinite) {
      inputs.copies = Float(try neighbours.memorisation(of: fakes, over: exchange).copies)
    }
    let (state, verdict) = watch.judge(inputs, step: step, before: game.watch)
    game.watch = state
    let values = [
      inputs.spread, inputs.rank, inputs.shift, Float(state.loss.oscillation), Float(state.path.step),
      Float(state.path.period), Float(verdict.number),
    ]
    let covered = centres == nil ? [] : [(Self.modes, inputs.modes)]
    let copies = reference.neighbours == nil ? [] : [(Self.copies, inputs.copies)]
    return (Array(zip(Self.watchStatistics, values)) + covered + copies, verdict)
  }

  /// What a check measures in a run with these options.
  private static func watchStatistics(of options: Options) -> [Statistic] {
    watchStatistics + (options.data.isMixture ? [modes] : []) + (options.watch.copies > 0 ? [copies] : [])
  }

  /// What every check measures.
  private static let watchStatistics = [
    Statistic("watch_spread", label: "spread", plot: "diversity"), Statistic("watch_rank", plot: "diversity"),
    Statistic("watch_shift"), Statistic("watch_oscillation"), Statistic("watch_path"),
    Statistic("watch_loop"), Statistic("watch_verdict"),
  ]
  private static let modes = Statistic("watch_modes", plot: "diversity")
  private static let copies = Statistic("watch_copies", label: "copies", plot: "diversity")
}

extension WatchInputs {
  /// What is measured of fakes, but for copies.
  /// - Parameter centres: those of a mixture's modes; nil for other data.
  package init(fakes: Matrix, real: Diversity, centres: Matrix?, loss: Float) {
    let diversity = Diversity(of: fakes)
    self.init(
      spread: Float(diversity.spread / real.spread),
      rank: Float(diversity.effectiveRank / real.effectiveRank),
      shift: Float(diversity.shift(from: real) / real.spread),
      modes: centres.map { Self.modes(of: fakes, centres: $0) } ?? .nan, loss: loss)
    centre = zip(diversity.centre, real.centre).prefix(WatchPath.dimensions)
      .map { ($0 - $1) / max(real.spread, .leastNormalMagnitude) }
  }

  /// The share of modes that a fair share of fakes lie nearest to: a quarter of what each mode would get.
  private static func modes(of fakes: Matrix, centres: Matrix) -> Float {
    guard fakes.values.allSatisfy(\.isFinite) else { return .nan }
    let distances = fakes.squaredDistances(to: centres)
    var histogram = [Int](repeating: 0, count: centres.rows)
    for fake in 0..<fakes.rows {
      let nearest = (0..<centres.rows).min { distances[fake, $0] < distances[fake, $1] } ?? 0
      histogram[nearest] += 1
    }
    return Float(histogram.count { 4 * $0 * centres.rows >= fakes.rows }) / Float(centres.rows)
  }
}

extension Options {
  /// Whether a run has a ``GameState``.
  var directsGame: Bool { balance.every > 0 || watch.every > 0 || augmentation == .ada }

  /// Whether a run goes back to its checkpoints when its game is bad: where they lie decides the weights
  /// then.
  var rewinds: Bool { watch.every > 0 && watch.policy == .rewind }
}

extension BalanceRule {
  /// The rule that the options ask for, if they do.
  init?(_ options: Options, _ schedule: Schedule) {
    guard options.balance.every > 0 else { return nil }
    func turns(_ role: Phase.Role) -> Int { schedule.rules.first { $0.phase.role == role }?.repeats ?? 1 }
    self.init(
      every: options.balance.every, band: Float(options.balance.lowest)...Float(options.balance.highest),
      limit: options.balance.limit, starvation: Float(options.balance.starvation),
      comparesLosses: options.model[AdversarialOptions.loss].usesLogits,
      turns: (turns(.discriminator), turns(.generator)))
  }
}

extension WatchRule {
  /// The rule that the options ask for, if they do.
  init?(_ options: Options) {
    let watch = options.watch
    guard watch.every > 0 else { return nil }
    self.init(
      every: watch.every, grace: watch.grace, patience: watch.patience, spread: Float(watch.spread),
      rank: Float(watch.rank), modes: Float(watch.modes), distance: Float(watch.distance),
      copies: Float(watch.copies > 0 ? watch.copies : 1))
  }
}
