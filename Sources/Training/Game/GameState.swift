package import Checkpoints
import Models

/// What the scheduler of a game remembers: where the draws are, what the balance has decided, what the watch
/// has seen. Part of every generation, so that a run goes on in the middle of a cycle as if nothing had
/// happened. All of it follows from sums over all ranks, so it is the same on every rank.
package struct GameState: Equatable, Sendable {
  /// Draws of noise so far.
  package var round = 0
  /// Global batches of samples read so far.
  package var batch = 0
  /// Turns of a step's first phase so far.
  package var turn = 0
  /// By how many places the ratio of turns is moved in the discriminator's favour; negative in the
  /// generator's.
  package var lead = 0
  /// What turns have reported since the last decision on the balance; nothing where none is kept.
  package var window = TurnWindow()
  /// What the watch has seen.
  package var watch = WatchState()
  /// What the augmentation's controller knows.
  package var augment = AugmentState()

  package init() {}

  /// A number, by its name in a manifest.
  private struct Field: Sendable {
    let name: String
    /// What one that counts something may be: more would not be exact.
    let range: ClosedRange<Double>?
    let read: @Sendable (GameState) -> Double
    let write: @Sendable (inout GameState, Double) -> Void

    static func number(_ name: String, _ place: any WritableKeyPath<GameState, Double> & Sendable) -> Field {
      Field(name: name, range: nil, read: { $0[keyPath: place] }, write: { $0[keyPath: place] = $1 })
    }

    static func count(
      _ name: String, _ place: any WritableKeyPath<GameState, Int> & Sendable, from least: Double = 0
    ) -> Field {
      Field(
        name: name, range: least...9e15, read: { Double($0[keyPath: place]) },
        write: { $0[keyPath: place] = Int($1) })
    }
  }

  /// Every number, in a fixed order.
  private static let fields: [Field] =
    [
      .count("round", \.round),
      .count("batch", \.batch),
      .count("lead", \.lead, from: -9e15),
      .number("window.discriminator.turns", \.window.discriminator.turns),
      .number("window.discriminator.loss", \.window.discriminator.loss),
      .number("window.discriminator.norm", \.window.discriminator.norm),
      .number("window.generator.turns", \.window.generator.turns),
      .number("window.generator.loss", \.window.generator.loss),
      .number("window.generator.norm", \.window.generator.norm),
      .number("window.accuracy", \.window.accuracy),
      .count("watch.since", \.watch.since),
      .count("watch.suspicion", \.watch.suspicion),
      .count("watch.refuge", \.watch.refuge, from: -1),
      .count("watch.checks", \.watch.checks),
      .count("watch.rewinds", \.watch.rewinds),
      .count("watch.seedOffset", \.watch.seedOffset),
      .number("watch.rateFactor", \.watch.rateFactor),
      .number("watch.noise", \.watch.noise),
      .number("watch.lossMean", \.watch.loss.mean),
      .number("watch.lossVariance", \.watch.loss.variance),
      .number("watch.lossCrossings", \.watch.loss.crossings),
      .number("watch.lossSide", \.watch.loss.side),
      .count("path.count", \.watch.path.count),
      .number("path.returns", \.watch.path.returns),
      .number("path.period", \.watch.path.period),
      .number("path.step", \.watch.path.step),
      .number("augment.probability", \.augment.probability),
      .number("augment.turns", \.augment.turns),
      .number("augment.signs", \.augment.signs),
    ]
    + (0..<WatchPath.length * WatchPath.dimensions).map { .number("path.\($0)", \.watch.path.values[$0]) }
    + [.count("turn", \.turn)]

  /// The fields of manifests and hashes: without the last one where its number is that of the batches, as in
  /// versions without it.
  private var toldFields: ArraySlice<Field> {
    Self.fields.prefix(turn == batch ? Self.fields.count - 1 : Self.fields.count)
  }

  /// The numbers in their order, as they travel between ranks.
  package var numbers: [Double] {
    get { Self.fields.map { $0.read(self) } }
    set { for (field, value) in zip(Self.fields, newValue) { field.write(&self, value) } }
  }

  /// The numbers for a manifest.
  package var counters: [String: StateValue] {
    Dictionary(
      uniqueKeysWithValues: toldFields.map { ("game.\($0.name)", .number($0.read(self))) })
  }

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
      if let range = field.range {
        guard range.contains(number), number == number.rounded() else { return nil }
      }
      field.write(&self, number)
    }
  }

  /// What a hash of the state is computed of: the bits of every number.
  var hashedText: String {
    toldFields.map { String($0.read(self).bitPattern, radix: 16) }.joined(separator: " ")
  }

  /// Adds what a turn reported to what decisions are made of.
  /// - Parameter norm: the length of the gradient; nil where no balance is kept.
  mutating func add(_ report: TurnReport, norm: Double?) {
    if let norm { window.add(report, norm: norm) }
    augment.add(report)
  }

  /// Where the draws are.
  var cursor: Schedule.Cursor {
    get { Schedule.Cursor(round: round, batch: batch, turn: turn) }
    set { (round, batch, turn) = (newValue.round, newValue.batch, newValue.turn) }
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
      accuracy += Double(report[.discriminatorAccuracy] ?? 0)
    case .generator: generator.add(loss: report[.generatorLoss], norm: norm)
    case nil: break
    }
  }
}

extension TurnWindow.Player {
  fileprivate mutating func add(loss: Float?, norm: Double) {
    turns += 1
    self.loss += Double(loss ?? 0)
    self.norm += norm
  }
}
