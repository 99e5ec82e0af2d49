import Networks

/// What is done about a game that has gone wrong.
public enum WatchPolicy: String, CaseIterable, OptionConvertible {
  /// Say so.
  case warn
  /// Say so and end the run.
  case stop
  /// Go back to the last good state, change what the policy says and go on.
  case rewind
}

extension Options {
  /// How the players' turns are balanced, under `balance.`.
  public struct Balance: Sendable, Equatable {
    /// Steps between two decisions; 0 for none.
    public internal(set) var every = 0
    /// The lower end of the discriminator's accuracy.
    public internal(set) var lowest = 0.0
    /// The upper end.
    public internal(set) var highest = 0.0
    /// The most turns of a player in a step.
    public internal(set) var limit = 0
    /// The ratio of the players' gradients below which the generator starves.
    public internal(set) var starvation = 0.0
  }

  /// How a game is watched and what is done about it, under `watch.`.
  public struct Watch: Sendable, Equatable {
    /// Steps between two checks; 0 for none.
    public internal(set) var every = 0
    /// What is done on a bad verdict.
    public internal(set) var policy = WatchPolicy.warn
    /// Fakes of a check.
    public internal(set) var samples = 0
    /// Steps after a start in which nothing is judged.
    public internal(set) var grace = 0
    /// Bad checks in a row that make a verdict.
    public internal(set) var patience = 0
    /// The least spread of fakes.
    public internal(set) var spread = 0.0
    /// The least effective rank of fakes.
    public internal(set) var rank = 0.0
    /// The least share of modes.
    public internal(set) var modes = 0.0
    /// The most spread and shift of fakes.
    public internal(set) var distance = 0.0
    /// The most copies of training samples; 0 does not look for them.
    public internal(set) var copies = 0.0
    /// The most rewinds.
    public internal(set) var attempts = 0
    /// What a rewind multiplies step sizes by.
    public internal(set) var rateFactor = 0.0
    /// What a rewind adds to the noise.
    public internal(set) var noise = 0.0
    /// What is done about a gradient that is not finite.
    public internal(set) var nonFinite = NonFinitePolicy.stop
    /// The most turns of a network in a row that are left out for it.
    public internal(set) var skips = 0
  }
}

extension OptionSchema {
  /// The keys of the scheduler. At their defaults they change nothing, so that digests stay what they were.
  static let game: [OptionKey] = [
    integer(
      "balance.every", \.balance.every, 0...1_000_000, 0, "steps",
      "steps between two decisions on the ratio of the players' turns; 0 for none"),
    number(
      "balance.lowest", \.balance.lowest, .closed(0, 1), 0.55,
      "accuracy of the discriminator below which it gets more turns"),
    number(
      "balance.highest", \.balance.highest, .closed(0, 1), 0.85,
      "accuracy above which it gets fewer, and the generator more"),
    integer("balance.limit", \.balance.limit, 1...1000, 4, "turns", "most turns of a player in a step"),
    number(
      "balance.starvation", \.balance.starvation, .closed(0, 1), 1e-3,
      "length of the generator's gradient over the discriminator's below which it gets more turns"),
    integer(
      "watch.every", \.watch.every, 0...1_000_000, 0, "steps",
      "steps between two checks for collapse and divergence; 0 for none"),
    OptionKey(
      "watch.policy", \.watch.policy, .word(WatchPolicy.allCases.map(\.rawValue)),
      default: .value(WatchPolicy.warn.optionValue), role: .arithmetic, synonyms: ["on_collapse"],
      help: "what is done about them: warn, stop, or rewind to the last good checkpoint"
    ).neutralAtDefault,
    integer("watch.samples", \.watch.samples, 16...65_536, 512, "samples", "fakes of a check"),
    integer(
      "watch.grace", \.watch.grace, 0...1_000_000, 200, "steps",
      "steps after the start and after a rewind before anything but numbers that are not finite is judged"),
    integer(
      "watch.patience", \.watch.patience, 1...1000, 3, "checks", "bad checks in a row that make a verdict"),
    number(
      "watch.spread", \.watch.spread, .closed(0, 1), 0.25,
      "distance of two fakes over that of two real samples below which they have collapsed"),
    number(
      "watch.rank", \.watch.rank, .closed(0, 1), 0.05,
      "effective rank of fakes over that of real samples below which they have collapsed"),
    number(
      "watch.modes", \.watch.modes, .closed(0, 1), 0.3,
      "share of a mixture's modes near fakes below which they have collapsed"),
    number(
      "watch.distance", \.watch.distance, .closed(1, 1e6), 4,
      "spread of fakes, and distance from the data, over the data's spread above which they have diverged"),
    number(
      "watch.copies", \.watch.copies, .closed(0, 1), 0,
      "share of fakes nearer to a training sample (of 65,536) than 99 % of these are to one another above which they "
        + "are copies; "
        + "0 does not look"),
    integer(
      "watch.attempts", \.watch.attempts, 0...1000, 3, "rewinds",
      "most rewinds; the run stops at the next verdict"),
    number(
      "watch.rateFactor", \.watch.rateFactor, .above(0, upTo: 1), 0.5,
      "what a rewind multiplies the step sizes of both networks by"),
    number(
      "watch.noise", \.watch.noise, .closed(0, 1000), 0,
      "deviation of noise that a rewind adds to what the discriminator sees"),
    OptionKey(
      "watch.nonFinite", \.watch.nonFinite, .word(NonFinitePolicy.allCases.map(\.rawValue)),
      default: .value(NonFinitePolicy.stop.optionValue), role: .arithmetic,
      synonyms: ["nan", "terminate_on_nan", "detect_anomaly", "skip_nan"],
      help:
        "what is done about a gradient that is not finite: stop (or rewind, with watch.policy), or skip its update"
    ).neutralAtDefault,
    integer(
      "watch.skips", \.watch.skips, 1...1000, 3, "turns",
      "most updates of a network in a row that watch.nonFinite=skip leaves out"),
  ]

  private static func integer(
    _ path: String, _ place: any WritableKeyPath<Options, Int> & Sendable, _ range: ClosedRange<Int>,
    _ value: Int,
    _ unit: String, _ help: String
  ) -> OptionKey {
    OptionKey(
      path, place, .integer(range), default: .value(.integer(value)), unit: unit, role: .arithmetic,
      help: help
    ).neutralAtDefault
  }

  private static func number(
    _ path: String, _ place: any WritableKeyPath<Options, Double> & Sendable, _ interval: OptionInterval,
    _ value: Double, _ help: String
  ) -> OptionKey {
    OptionKey(
      path, place, .number(interval), default: .value(.number(value)), role: .arithmetic, help: help
    ).neutralAtDefault
  }
}

extension OptionsResolution {
  /// The balance needs a discriminator with a decision, and a band.
  mutating func checkBalance() {
    guard let every = settings["balance.every"], Int(every.value) > 0 else { return }
    let path = AdversarialOptions.loss.key.path
    if let family = schema.family?.rawValue, schema.key(at: path) == nil {
      report(
        "balance.every is given, but no network of \(family) decides between real and fake", every.origin,
        "remove it")
    } else if let loss = settings[path], AdversarialLoss(loss.value).decisionThreshold == nil {
      report(
        "balance.every is given, but a critic's scores have no threshold", every.origin,
        "remove it, or use another loss")
    }
    guard let low = settings["balance.lowest"], let high = settings["balance.highest"],
      Double(low.value) > Double(high.value)
    else { return }
    report("balance.lowest is above balance.highest", low.origin, "lower it")
  }
}
