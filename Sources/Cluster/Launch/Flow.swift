import Platform

/// Bytes that come one after the other, and how fast. They are counted, not kept.
package struct Flow: Sendable {
  /// Bytes that count, from the first of which on the time is taken.
  private var counted = 0
  private var before = 0
  private var first, last: ContinuousClock.Instant?

  /// The first bytes, until which a connection is being made, and in which ssh may say something of its own.
  private static let lead = 4096
  /// Bytes below which there is no figure.
  private static let least = 65_536

  package init() {}

  /// Takes note of bytes that have come.
  package mutating func add(_ count: Int, at time: ContinuousClock.Instant) {
    guard first != nil else {
      before += count
      if before > Self.lead { first = time }
      return
    }
    counted += count
    last = time
  }

  /// Megabits a second; nil where too few bytes have come.
  package var bandwidth: Double? {
    guard let first, let last, counted >= Self.least else { return nil }
    return Double(8 * counted) / 1e6 / max((last - first).seconds, 1e-6)
  }
}
