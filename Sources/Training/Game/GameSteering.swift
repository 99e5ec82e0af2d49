import Checkpoints
import Models
import Platform
import Reporting

/// Directs a game in the course of a run: decides and checks when that is due, and does what the policy says
/// when something is wrong. All ranks do the same, because all they know are sums over all ranks.
final class GameSteering {
  /// What was decided and judged at the last step, for the log.
  private(set) var measured: [(Statistic, Float)] = []
  /// The same in words.
  private(set) var notes: [(key: String, text: String)] = []
  private let director: GameDirector
  private let engine: TurnEngine
  private let options: Options
  private let exchange: RankExchange
  private let progress: ProgressReporter
  private let load: (Int) throws -> LoadedGeneration?
  /// What was found last.
  private var verdict: WatchRule.Verdict?

  /// - Parameter load: see ``Rewind/run(at:load:)``.
  init(
    _ director: GameDirector, engine: TurnEngine, _ options: Options, over exchange: RankExchange,
    progress: ProgressReporter, load: @escaping (Int) throws -> LoadedGeneration?
  ) {
    self.director = director
    self.engine = engine
    self.options = options
    self.exchange = exchange
    self.progress = progress
    self.load = load
  }

  private var game: GameState {
    guard let game = engine.state.game else { preconditionFailure("a game that is directed has a state") }
    return game
  }

  /// The turns of the coming step.
  var schedule: Schedule { director.schedule(for: game) }
  /// What is added to the seed of noise.
  var seedOffset: UInt64 { UInt64(game.watch.seedOffset) }
  /// The noise on what the discriminator sees, beside the recipe's.
  var addedNoise: Float { Float(game.watch.noise) }
  /// Whether a sum that is not finite is recovered from.
  var recovers: Bool { options.rewinds }
  /// Whether the state is looked at when `done` steps are.
  func isDue(at done: Int) -> Bool {
    director.isDecisionDue(at: done) || director.isAugmentationDue(at: done) || director.isCheckDue(at: done)
  }
  /// The probability of augmentation, where it is steered.
  var augmentation: Float? { director.augment.map { _ in Float(game.augment.probability) } }

  /// What the progress line shows in words.
  var progressNotes: [(name: String, text: String)] {
    var shown: [(name: String, text: String)] = []
    if options.balance.every > 0 {
      let counts = schedule.rules.map { String($0.repeats) }
      shown.append((name: "turns", text: counts.joined(separator: ":")))
    }
    if let augmentation {
      shown.append((name: "p", text: FixedDecimal.text(Double(augmentation), places: 3)))
    }
    if let verdict { shown.append((name: "game", text: "\(verdict)")) }
    return shown
  }

  /// Looks at the game when `done` steps are, if that is due.
  /// - Parameter fault: a sum that was not finite, of a run that recovers from it: the state is replaced.
  /// - Throws: ``WatchError`` if the policy ends the run.
  func look(at done: Int, fault: TurnError?) throws {
    (measured, notes) = ([], [])
    if let fault {
      engine.recover()
      verdict = .diverged
      notes = [("verdict", "\(WatchRule.Verdict.diverged)")]
      return try act(at: done, because: fault.finding, isNews: true)
    }
    guard isDue(at: done) else { return }
    try engine.synchronize()
    var game = self.game
    if director.isDecisionDue(at: done) {
      let (values, decision) = director.decide(&game)
      measured += values
      notes.append(("balance", decision))
    }
    if director.isAugmentationDue(at: done) {
      let (values, decision) = director.steerAugmentation(&game, batch: options.batch)
      measured += values
      notes.append(("augment", decision))
    }
    guard director.isCheckDue(at: done) else {
      engine.state.game = game
      return
    }
    let (values, found) = try director.check(
      engine.model, loss: watchedLoss(after: done), step: done, &game)
    engine.state.game = game
    measured += values
    notes.append(("verdict", "\(found)"))
    let isNews = found != verdict
    verdict = found
    if found.isBad { try act(at: done, because: Self.text(values), isNews: isNews) }
  }

  /// The loss that is watched: the generator's, or the first statistic of the last phase where no phase is
  /// its; not a number if no turn of it was applied in the last of `done` steps: an older loss would be looked
  /// at again, and is not known after a resume.
  private func watchedLoss(after done: Int) -> Float {
    let reports = engine.reports
    let generator = reports.first { $0.phase.role == .generator && $0[.generatorLoss] != nil }
    guard let report = generator ?? reports.last, engine.hasReport(of: report.phase, after: done) else {
      return .nan
    }
    return report[.generatorLoss] ?? report.values.first ?? .nan
  }

  private func act(at done: Int, because reason: String, isNews: Bool) throws {
    let verdict = verdict ?? .diverged
    let watch = game.watch
    let error = WatchError(
      verdict: verdict, step: done, rewinds: watch.rewinds,
      refuge: engine.state.refuge)
    switch options.watch.policy {
    case .warn:
      if isNews { progress.warning("the game has \(verdict) at step \(done): \(reason)") }
    case .stop: throw error
    case .rewind:
      guard watch.rewinds < options.watch.attempts else { throw error }
      let step = try Rewind(state: engine.state, options: options, exchange: exchange).run(
        at: done, load: load)
      let goal = step.map { "back to the state of step \($0)" } ?? "begun anew"
      let story =
        "the game has \(verdict) at step \(done) (\(reason)): \(goal), step sizes x \(Self.text(game.watch.rateFactor)), "
        + "noise \(Self.text(game.watch.noise)), seed + \(game.watch.seedOffset); "
        + "rewind \(game.watch.rewinds) of \(options.watch.attempts)"
      progress.warning(story)
      notes.append(("event", story))
    }
  }

  private static func text(_ value: Double) -> String { FixedDecimal.text(value, places: 4) }

  private static func text(_ values: [(Statistic, Float)]) -> String {
    values.filter { $0.0.key != "watch_verdict" }.map { statistic, value in
      "\(statistic.key.dropFirst("watch_".count)) \(FixedDecimal.text(Double(value), places: 3))"
    }.joined(separator: ", ")
  }

  /// Marks the state that is about to be saved as one to go back to, if the last check was good.
  func willSave(step: Int) {
    guard recovers, let watch = engine.state.game?.watch, watch.checks > 0 else { return }
    engine.state.game?.watch.refuge = step
  }

  /// Says how often the run went back, when it ends.
  func finish() {
    guard let rewinds = engine.state.game?.watch.rewinds, rewinds > 0 else { return }
    progress.notice(
      "game",
      path: "\(Count.text(rewinds, "rewind")), step sizes x \(Self.text(game.watch.rateFactor)), "
        + "last verdict \(verdict.map { "\($0)" } ?? "none"); see verdict and event in log.jsonl")
  }
}
