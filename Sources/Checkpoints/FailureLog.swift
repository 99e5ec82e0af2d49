/// The first failure of several things to be done, none of which needs another.
struct FailureLog {
  private(set) var first: CheckpointError?

  mutating func note(_ action: () throws(CheckpointError) -> Void) {
    do throws(CheckpointError) { try action() } catch { first = first ?? error }
  }
}
