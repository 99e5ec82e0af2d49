import Checkpoints

/// One start from a generation, counted beside it until the run has got on, so that a generation which ends
/// every process that goes on from it is not tried for ever.
///
/// Whole bytes can be poisonous still: written by a machine that had gone wrong, or too large for this one.
package final class ResumeAttempt {
  /// Starts without a single step done after which an older generation is taken.
  static let limit = 2

  private let store: CheckpointStore
  private let name: String
  private var isCounted: Bool

  /// Counts a start from the generation called `name`. A disk that cannot take the count is no reason not to
  /// start.
  init(from name: String, in store: CheckpointStore) {
    self.store = store
    self.name = name
    isCounted = (try? store.countAttempt(from: name)) != nil
  }

  /// Starts from the run's generations that were under way do not count: they were ended from outside.
  package static func forgive(in folder: String) {
    let store = CheckpointStore(directory: RunFolder.checkpointsPath(in: folder), keepLast: 1)
    for (name, count) in store.attempts.sorted(by: { $0.key < $1.key }) where count < limit {
      try? store.forgetAttempts(from: name)
    }
  }

  /// The run has got on, if the sums of a step are sound: those of updates that were left out are not.
  func settle(in state: RunState) {
    if state.skipped?.isClear != false { settle() }
  }

  /// The generation is what ended the start: no further one is tried from it.
  func condemn() {
    guard isCounted else { return }
    for _ in 1..<Self.limit { try? store.countAttempt(from: name) }
  }

  /// The start is not to count: the run has got on, or what stopped it was found in order before training
  /// began.
  func settle() {
    guard isCounted else { return }
    isCounted = false
    try? store.forgetAttempts(from: name)
  }
}
