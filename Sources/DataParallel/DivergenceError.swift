/// The ranks no longer do the same. The program ends with exit code 76.
public struct DivergenceError: Error, Sendable, Equatable {
  /// What the ranks disagree about.
  public enum Subject: Sendable, Equatable {
    /// The step, the phase or the element count; one header per deviating rank, in rank order.
    case turn(reference: LockstepHeader, deviating: [LockstepHeader])
    /// The bytes of a replicated state, such as `generator`.
    case replica(name: String)
  }

  /// What differs.
  public let subject: Subject
  /// The step that most ranks are at.
  public let step: Int
  /// The phase that most ranks are at, by its index in the schedule; none for a replica.
  public let phase: Int?
  /// The ranks that differ from the majority, ascending.
  public let ranks: [Int]
  /// The number of all ranks.
  public let worldSize: Int

  package init(subject: Subject, step: Int, phase: Int?, ranks: [Int], worldSize: Int) {
    self.subject = subject
    self.step = step
    self.phase = phase
    self.ranks = ranks
    self.worldSize = worldSize
  }

  /// Whether states differ, and not what ranks do: they are at one place then.
  public var isOfReplica: Bool {
    if case .replica = subject { true } else { false }
  }

  /// The same of a part of the replica, once it is known which part differs.
  public func naming(_ part: String) -> DivergenceError {
    DivergenceError(
      subject: .replica(name: part), step: step, phase: phase, ranks: ranks, worldSize: worldSize)
  }
}

extension DivergenceError: CustomStringConvertible {
  /// One line: what, where; what to do next.
  public var description: String {
    let who = (ranks.count == 1 ? "rank " : "ranks ") + ranks.map(String.init).joined(separator: ", ")
    let place = "at step \(step)" + (phase.map { ", phase \($0)" } ?? "")
    let advice =
      "resume from the last checkpoint and check that all nodes run the same program on the same data"
    switch subject {
    case .turn(let reference, let deviating):
      let found = zip(ranks, deviating).map { "rank \($0) is at \($1.place)" }.joined(separator: ", ")
      return
        "\(who) of \(worldSize) out of lockstep \(place): \(found), the others are at \(reference.place); \(advice)"
    case .replica(let name):
      return "\(name) on \(who) of \(worldSize) differs from the other ranks \(place); \(advice)"
    }
  }
}
