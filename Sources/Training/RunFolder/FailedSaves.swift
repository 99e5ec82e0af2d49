/// Saves that fail one after the other. Training goes on beside them, as the disk may come back; but what it
/// does is lost if the disk does not.
package struct FailedSaves {
  /// How many there are.
  package private(set) var count = 0
  private var since: Int64 = 0

  /// Milliseconds from the first to the last of at least three, after which a run ends.
  package static let patience: Int64 = 600_000

  package init() {}

  /// Whether they have gone on for so long that the run has to end.
  package private(set) var areHopeless = false

  /// Adds one, at a time of the monotonic clock.
  package mutating func add(at milliseconds: Int64) {
    if count == 0 { since = milliseconds }
    count += 1
    areHopeless = count >= 3 && milliseconds - since >= Self.patience
  }

  /// Forgets them, as one has succeeded.
  package mutating func clear() { self = FailedSaves() }
}
