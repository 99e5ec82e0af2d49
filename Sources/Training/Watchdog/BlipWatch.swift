/// Notices ranks that were silent and are heard again: a cable that was out, a machine that stood still.
package struct BlipWatch: Sendable {
  /// Milliseconds of silence, eight times the usual, that are worth a word.
  static let silence: Int64 = 2000

  private var lastHeard: [Int: Int64] = [:]

  package init() {}

  /// Takes in when each rank was last heard.
  /// - Returns: the milliseconds of silence of the ranks that are heard again.
  package mutating func silences(_ heard: [Int: Int64]) -> [Int: Int64] {
    defer { lastHeard = heard }
    return heard.reduce(into: [:]) { silences, rank in
      guard let before = lastHeard[rank.key], rank.value - before >= Self.silence else { return }
      silences[rank.key] = rank.value - before
    }
  }

  /// Forgets what it has heard: the time before does not count.
  mutating func reset() { lastHeard = [:] }
}
