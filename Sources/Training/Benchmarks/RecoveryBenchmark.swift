import Autograd
import Checkpoints
import Datasets
import MessagePassing
import Models
import Networks
import Platform
import Reporting
import TensorCore

/// Proves that the watch sees a game go wrong and that the policy puts it right: runs on a mixture, each with
/// another seed, that are broken from the start or left alone.
package struct RecoveryBenchmark {
  /// How runs are broken.
  package enum Case: String, CaseIterable, Sendable {
    /// The generator's last hidden units are dead and its last bias is a mode: all samples are one point.
    case collapse
    /// Both step sizes are a hundredfold of the recipe's.
    case divergence
    /// As `collapse`, but half way through a healthy run.
    case accident
    /// Nothing is wrong.
    case health
  }

  /// What became of a run.
  package struct Outcome: Equatable, Sendable {
    /// Its seed.
    package let seed: UInt64
    /// The steps from the break to the first verdict that something is wrong; nil if there was none.
    package let detected: Int?
    /// How often it went back.
    package let rewinds: Int
    /// The modes that the averaged generator covers at the end.
    package let modes: Int
    /// The share of its samples that are of high quality.
    package let highQuality: Double
    /// Why the run ended early; nil if it did not.
    package let failure: String?
  }

  /// The modes of the data.
  private let modes: Int
  /// How the runs were broken.
  private let kind: Case
  /// One for each seed.
  private let outcomes: [Outcome]

  /// The most steps in which something wrong has to be found.
  private static let detectionLimit = 500

  /// Trains `runs` runs of the recipe `ring`, in folders that are removed afterwards.
  /// - Parameter words: `key=value` words over the recipe and the watch; `seed=` is the first seed.
  /// - Throws: ``BenchmarkError`` for a first seed that has not as many behind it and where a stop is wished,
  ///   `OptionsError`, and what ``TrainingRun`` throws but ``WatchError``.
  package init(_ kind: Case, runs: Int, words: [String]) throws {
    var defaults = [
      "steps=6000", "watch.every=25", "watch.policy=rewind", "samples.every=0", "samples.count=1",
      "log.every=100", "checkpoint.every=200",
    ]
    if kind == .divergence {
      // A run that stops goes back with no step size.
      defaults += words.contains("watch.policy=stop") ? [] : ["watch.rateFactor=0.1"]
      defaults += [
        "optimizer.discriminator.learningRate=0.2",
        "optimizer.generator.learningRate=0.1",
      ]
    }
    func key(_ word: String) -> Substring { word.prefix { $0 != "=" } }
    let overrides =
      defaults.filter { word in !words.contains { key($0) == key(word) } }
      + words.filter { key($0) != "seed" }
    let options = try Options.resolve(recipe: "ring", overrides: words.filter { $0.hasPrefix("seed=") })
    guard case .mixture(let mixture) = options.data else { preconditionFailure("ring is a mixture") }
    let centres = GaussianMixture.modes(of: mixture).centres
    // Before the first run, which takes minutes.
    guard options.seed <= UInt64(Int.max) - UInt64(runs - 1) else {
      throw BenchmarkError.seeds(first: options.seed, runs: runs)
    }
    // From here on a signal must leave nothing behind.
    StopSignals.catchAll()
    let outcomes = try (0..<runs).map { run in
      try Self.outcome(
        kind, seed: options.seed + UInt64(run), overrides, centre: centres[run % centres.count])
    }
    self.init(kind, modes: centres.count, outcomes)
  }

  /// What became of runs on data with so many modes.
  package init(_ kind: Case, modes: Int, _ outcomes: [Outcome]) {
    self.kind = kind
    self.modes = modes
    self.outcomes = outcomes
  }

  private static func outcome(
    _ kind: Case, seed: UInt64, _ overrides: [String], centre: SIMD2<Float>
  ) throws -> Outcome {
    let folder = try TemporaryFile.makeFolder()
    defer { try? FileSystem().removeTree(folder) }
    func train(_ words: [String], isResuming: Bool, isBroken: Bool) throws -> String? {
      let request = TrainingRequest(
        recipe: "ring", overrides: words, folder: "\(folder)/run", isResuming: isResuming)
      do {
        let outcome = try TrainingRun.run(
          request, over: SoloCommunicator(), training: SoloCommunicator(),
          output: ReportOutput(hasColours: false, columns: { nil }, write: { _ in }),
          preparing: { state in if isBroken { Self.collapse(state, onto: centre) } })
        if outcome == .stopped { throw BenchmarkError.stopped }
        return nil
      } catch let error as WatchError {
        return "\(error)"
      }
    }
    let words = overrides + ["seed=\(seed)"]
    guard kind == .accident else {
      let failure = try train(words, isResuming: false, isBroken: kind == .collapse)
      return try Outcome(
        log: RunFolder.logPath(in: "\(folder)/run"), seed: seed, brokenAt: 0, failure: failure)
    }
    let options = try Options.resolve(recipe: "ring", overrides: words)
    let steps = options.length.steps(samples: 1, batch: 1)
    let half = max(1, steps / 2)
    // The first half's step sizes are those of the whole run.
    let decay = options.optimizers.compactMap { optimizer in
      optimizer.decaySteps.map { "optimizer.\(optimizer.network).decaySteps=\($0)" }
    }
    let first =
      words.filter { !$0.hasPrefix("steps=") && !$0.contains(".decaySteps=") } + ["steps=\(half)"] + decay
    var failure = try train(first, isResuming: false, isBroken: false)
    if failure == nil { failure = try train(["steps=\(steps)"], isResuming: true, isBroken: true) }
    return try Outcome(
      log: RunFolder.logPath(in: "\(folder)/run"), seed: seed, brokenAt: half, failure: failure)
  }

  /// Has the generator put everything onto one point.
  private static func collapse(_ state: RunState, onto centre: SIMD2<Float>) {
    guard let generator = state.model.networks.first(where: { $0.name == "generator" }) else {
      preconditionFailure("ring has a generator")
    }
    let store = generator.store
    let biases = store.parameters.filter { $0.shape.rank == 1 }
    for bias in biases.dropLast() { store.set(bias, to: Tensor(repeating: -100, shape: bias.shape)) }
    if let last = biases.last { store.set(last, to: Tensor([centre.x, centre.y], shape: last.shape)) }
    generator.average?.copy(from: store)
  }

  private func isDetected(_ outcome: Outcome) -> Bool {
    outcome.detected.map { $0 <= Self.detectionLimit } ?? false
  }

  private func isRestored(_ outcome: Outcome) -> Bool { outcome.failure == nil && outcome.modes >= modes - 1 }

  /// One JSON object.
  package var json: String {
    JSONValue.object([
      .init("case", .string(kind.rawValue)), .init("runs", .integer(outcomes.count)),
      .init("detected_within_\(Self.detectionLimit)", .integer(outcomes.count(where: isDetected))),
      .init("detected", .integer(outcomes.count { $0.detected != nil })),
      .init("restored", .integer(outcomes.count(where: isRestored))),
      .init(
        "outcomes",
        .array(
          outcomes.map { outcome in
            .object([
              .init("seed", .integer(Int(outcome.seed))),
              .init("detected", JSONValue(outcome.detected)),
              .init("rewinds", .integer(outcome.rewinds)), .init("modes", .integer(outcome.modes)),
              .init("high_quality", .double(outcome.highQuality)),
              .init("failure", JSONValue(outcome.failure)),
            ])
          })),
    ]).text
  }

  /// A table for people.
  package var text: String {
    let rows = outcomes.map { outcome in
      "seed \(outcome.seed): "
        + (outcome.detected.map { "found after \(Count.text($0, "step"))" } ?? "nothing wrong")
        + ", \(Count.text(outcome.rewinds, "rewind")), \(outcome.modes) of \(modes) modes, high quality "
        + "\(FixedDecimal.text(100 * outcome.highQuality, places: 1)) %"
        + (outcome.failure.map { ": \($0)" } ?? "")
    }
    let found =
      kind == .health
      ? "\(outcomes.count { $0.detected != nil }) of \(outcomes.count) falsely found wrong"
      : "\(outcomes.count(where: isDetected)) of \(outcomes.count) found within \(Self.detectionLimit) steps"
    let restored =
      "\(outcomes.count(where: isRestored)) of \(outcomes.count) end with \(modes - 1) modes or more"
    return (rows + ["\(kind.rawValue): \(found), \(restored)"]).joined(separator: "\n")
  }
}

extension RecoveryBenchmark.Outcome {
  /// What a run's log tells.
  package init(log: String, seed: UInt64, brokenAt: Int, failure: String?) throws {
    let lines = try JSONLinesLog.values(of: log)
    func isBad(_ line: JSONValue) -> Bool {
      guard case .string(let word)? = line["verdict"] else { return false }
      return WatchRule.Verdict(rawValue: word)?.isBad == true
    }
    self.seed = seed
    self.failure = failure
    let found = lines.filter(isBad).compactMap { $0["step"]?.number.map { Int($0) } }
    detected = found.first { $0 > brokenAt }.map { $0 - brokenAt }
    rewinds = lines.count { $0["event"] != nil }
    modes = lines.last?["modes"]?.number.map { Int($0) } ?? 0
    highQuality = lines.last?["high_quality"]?.number ?? 0
  }
}
