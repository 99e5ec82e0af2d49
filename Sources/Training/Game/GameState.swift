package import Checkpoints
import Models

/// What the scheduler of a game remembers: where the draws are, what the balance has decided, what the watch
/// has seen. Part of every generation, so that a run goes on in the middle of a cycle as if nothing had
/// happened. All of it follows from sums over all ranks, so it is the same on every rank.
package struct GameState: Equatable, Sendable {
  /// Draws of noise so far.
  package var round = 0.0
  /// Global batches of samples read so far.
  package var batch = 0.0
  /// Turns of a step's first phase so far.
  package var turn = 0.0
  /// By how many places the ratio of turns is moved in the discriminator's favour; negative in the
  /// generator's.
  package var lead = 0.0
  /// What turns have reported since the last decision on the balance; nothing where none is kept.
  package var window = TurnWindow()
  /// What the watch has seen.
  package var watch = WatchState()
  /// What the augmentation's controller knows.
  package var augment = AugmentState()

  package init() {}

  private typealias Field = (name: String, place: any WritableKeyPath<GameState, Double> & Sendable)

  /// Every number, by name, in a fixed order.
  private static let fields: [Field] =
    [
      ("round", \.round), ("batch", \.batch), ("lead", \.lead),
      ("window.discriminator.turns", \.window.discriminator.turns),
      ("window.discriminator.loss", \.window.discriminator.loss),
      ("window.discriminator.norm", \.window.discriminator.norm),
      ("window.generator.turns", \.window.generator.turns),
      ("window.generator.loss", \.window.generator.loss),
      ("window.generator.norm", \.window.generator.norm), ("window.accuracy", \.window.accuracy),
      ("watch.since", \.watch.since), ("watch.suspicion", \.watch.suspicion),
      ("watch.refuge", \.watch.refuge),
      ("watch.checks", \.watch.checks), ("watch.rewinds", \.watch.rewinds),
      ("watch.seedOffset", \.watch.seedOffset), ("watch.rateFactor", \.watch.rateFactor),
      ("watch.noise", \.watch.noise), ("watch.lossMean", \.watch.loss.mean),
      ("watch.lossVariance", \.watch.loss.variance), ("watch.lossCrossings", \.watch.loss.crossings),
      ("watch.lossSide", \.watch.loss.side), ("path.count", \.watch.path.count),
      ("path.returns", \.watch.path.returns), ("path.period", \.watch.path.period),
      ("path.step", \.watch.path.step), ("augment.probability", \.augment.probability),
      ("augment.turns", \.augment.turns), ("augment.signs", \.augment.signs),
    ]
    + (0..<WatchPath.length * WatchPath.dimensions).map { ("path.\($0)", \.watch.path.values[$0]) }
    + [("turn", \.turn)]

  /// The fields of manifests and hashes: without the last one where its number is that of the batches, as in
  /// versions without it.
  private var toldFields: ArraySlice<Field> {
    Self.fields.prefix(turn == batch ? Self.fields.count - 1 : Self.fields.count)
  }

  /// The numbers in their order, as they travel between ranks.
  package var numbers: [Double] {
    get { Self.fields.map { self[keyPath: $0.place] } }
    set { for (field, value) in zip(Self.fields, newValue) { self[keyPath: field.place] = value } }
  }

  /// The numbers for a manifest.
  package var counters: [String: StateValue] {
    Dictionary(
      uniqueKeysWithValues: toldFields.map { ("game.\($0.name)", .number(self[keyPath: $0.place])) })
  }

  /// Numbers that count something, and what they may be: more would not be exact.
  private static let counts: [String: ClosedRange<Double>] = {
    let most = 9e15
    var counts: [String: ClosedRange<Double>] = ["lead": -most...most, "watch.refuge": -1...most]
    for name in [
      "round", "batch", "turn", "watch.since", "watch.suspicion", "watch.checks", "watch.rewinds",
      "watch.seedOffset", "path.count",
    ] {
      counts[name] = 0...most
    }
    return counts
  }()

  /// The numbers of a manifest; nil if one is missing or counts what cannot be counted. Of augmentation and
  /// of the path there are none in those of versions without them, and turns that are not told are as many as
  /// batches.
  package init?(_ state: [String: StateValue]) {
    for field in Self.fields {
      guard let value = state["game.\(field.name)"] else {
        if field.name.hasPrefix("augment.") || field.name.hasPrefix("path.") { continue }
        if field.name == "turn" {
          turn = batch
          continue
        }
        return nil
      }
      guard let number = value.number ?? value.integer.map(Double.init) else { return nil }
      if let range = Self.counts[field.name] {
        guard range.contains(number), number == number.rounded() else { return nil }
      }
      self[keyPath: field.place] = number
    }
  }

  /// What a hash of the state is computed of: the bits of every number.
  var hashedText: String {
    toldFields.map { String(self[keyPath: $0.place].bitPattern, radix: 16) }.joined(separator: " ")
  }

  /// Adds what a turn reported to what decisions are made of.
  /// - Parameters:
  ///   - statistics: the values of the phase's statistics.
  ///   - norm: the length of the gradient; nil where no balance is kept.
  mutating func add(_ phase: Phase, _ statistics: [Float], norm: Double?) {
    let report = TurnReport(phase: phase, values: statistics)
    if let norm { window.add(report, norm: norm) }
    augment.add(report)
  }

  /// Where the draws are.
  var cursor: Schedule.Cursor {
    get { Schedule.Cursor(round: Int(round), batch: Int(batch), turn: Int(turn)) }
    set {
      (round, batch, turn) = (Double(newValue.round), Double(newValue.batch), Double(newValue.turn))
    }
  }
}

/// Sums over turns since the last decision.
package struct TurnWindow: Equatable, Sendable {
  /// One player's turns, and the sums of their losses and of the lengths of their gradients.
  package struct Player: Equatable, Sendable {
    package var turns = 0.0
    package var loss = 0.0
    package var norm = 0.0
  }

  package var discriminator = Player()
  package var generator = Player()
  /// The sum of the discriminator's accuracies.
  package var accuracy = 0.0

  package init() {}

  /// Adds what a turn reported, and the length of its gradient.
  mutating func add(_ report: TurnReport, norm: Double) {
    switch report.phase.role {
    case .discriminator:
      discriminator.add(loss: report[.discriminatorLoss], norm: norm)
      accuracy += report[.discriminatorAccuracy] ?? 0
    case .generator: generator.add(loss: report[.generatorLoss], norm: norm)
    case nil: break
    }
  }
}

extension TurnWindow.Player {
  fileprivate mutating func add(loss: Double?, norm: Double) {
    turns += 1
    self.loss += loss ?? 0
    self.norm += norm
  }
}

/// What a turn reported, means over the global batch.
struct TurnReport {
  let phase: Phase
  /// The values of the phase's statistics.
  let values: [Float]

  /// The value of a statistic; nil if the phase does not report it.
  subscript(_ statistic: Statistic) -> Double? {
    phase.value(of: statistic, in: values).map(Double.init)
  }
}

extension Phase {
  /// The value of a statistic among those of all; nil if the phase does not report it.
  func value(of statistic: Statistic, in values: [Float]) -> Float? {
    statistics.firstIndex { $0.key == statistic.key }.map { values[$0] }
  }
}
