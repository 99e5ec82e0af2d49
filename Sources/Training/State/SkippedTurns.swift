import Checkpoints
import Models

/// Turns whose update was left out because their sum was not finite. Every rank has the same sum and so
/// leaves out the same turns. A part of the state of runs whose policy is to skip, so that a resumed run ends
/// where one would that went on.
package struct SkippedTurns: Sendable, Equatable {
  /// The most in a row of one network.
  package let limit: Int
  /// All of the run.
  package private(set) var total = 0
  /// In a row up to now, for each network.
  private(set) var inARow: [Int]
  /// For each network the turns since this process began, all of them left out; nil once one was as it should
  /// be. No part of the state.
  private var onlySkipped: [Int?]
  /// What has happened since it was last asked, for people.
  private var news: [String] = []

  /// None so far.
  package init(limit: Int, networks: Int) {
    self.limit = limit
    inARow = Array(repeating: 0, count: networks)
    onlySkipped = Array(repeating: 0, count: networks)
  }

  /// Counts a turn of a network whose sum was not finite.
  /// - Returns: whether its update is left out; false if there were too many.
  mutating func skip(network: Int, because fault: TurnError) -> Bool {
    guard inARow[network] < limit else { return false }
    inARow[network] += 1
    onlySkipped[network]? += 1
    total += 1
    news.append("\(fault.finding): its update is skipped, \(inARow[network]) of at most \(limit) in a row")
    return true
  }

  /// Whether the last turn of every network was as it should be.
  var isClear: Bool { inARow.allSatisfy { $0 == 0 } }

  /// Whether this process has left out as many turns of a network as may be, and no other was there: then what
  /// it began with is what is wrong.
  var hasOnlySkipped: Bool { onlySkipped.contains(limit) }

  /// A turn of a network was as it should be.
  mutating func settle(network: Int) { (inARow[network], onlySkipped[network]) = (0, nil) }

  /// The networks are others: none is in a row.
  mutating func beginAnew() { inARow = inARow.map { _ in 0 } }

  /// What has happened since the last call.
  mutating func takeNews() -> [String] {
    defer { news = [] }
    return news
  }

  /// What the log shows.
  var statistics: [(Statistic, Float)] { [(Statistic("skipped_turns"), Float(total))] }

  /// The numbers in a fixed order.
  private var names: [String] { ["skipped.total"] + inARow.indices.map { "skipped.row.\($0)" } }

  /// The numbers as they travel between ranks.
  package var numbers: [Double] {
    get { ([total] + inARow).map(Double.init) }
    set {
      total = Int(newValue[0])
      inARow = newValue.dropFirst().map { Int($0) }
    }
  }

  /// The numbers for a manifest.
  var counters: [String: StateValue] {
    Dictionary(uniqueKeysWithValues: zip(names, ([total] + inARow).map { .integer($0) }))
  }

  /// Takes the numbers of a manifest; what is not there is none.
  mutating func restore(_ state: [String: StateValue]) {
    numbers = names.map { Double(min(max(0, state[$0]?.integer ?? 0), GenerationInfo.lastStep)) }
  }

  /// What a hash of the state is computed of.
  var hashedText: String { ([total] + inARow).map(String.init).joined(separator: " ") }
}

/// What is done about a summed gradient that is not finite.
public enum NonFinitePolicy: String, CaseIterable, OptionConvertible {
  /// End the run, or go back where `watch.policy` says so.
  case stop
  /// Leave the update out, so many times in a row.
  case skip
}
