import Platform

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
  /// The steps that most ranks have done.
  public let step: Int
  /// The phase that most ranks are at, by its index in the model; none for a replica.
  public let phase: Int?
  /// What phases are called, as far as it is known.
  private var phases: [Int: String] = [:]
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

  /// Whether a replicated state differs. All ranks then stand at the same step and can still communicate.
  public var isOfReplica: Bool {
    if case .replica = subject { true } else { false }
  }

  /// The same of a part of the replica, once it is known which part differs.
  public func naming(_ part: String) -> DivergenceError {
    DivergenceError(
      subject: .replica(name: part), step: step, phase: phase, ranks: ranks, worldSize: worldSize)
  }

  /// The same with the name of a phase, once somebody knows it.
  package func naming(phase: Int, _ name: String) -> DivergenceError {
    var error = self
    error.phases[phase] = name
    return error
  }

  /// `phase 1 (generator)`, or without what is not known.
  static func text(ofPhase phase: Int, _ phases: [Int: String]) -> String {
    "phase \(phase)" + (phases[phase].map { " (\($0))" } ?? "")
  }
}

extension DivergenceError: CustomStringConvertible {
  /// One line: what, where; what to do next.
  public var description: String {
    let who = Prose.ranks(ranks)
    // A replica is that after so many steps, a turn of the next one.
    let place =
      "at step \(isOfReplica ? step : step + 1)" + (phase.map { ", \(Self.text(ofPhase: $0, phases))" } ?? "")
    let advice =
      "resume from the last checkpoint and check that all nodes run the same program on the same data"
    switch subject {
    case .turn(let reference, let deviating):
      return "\(who) of \(worldSize) out of lockstep \(place): \(found(deviating)), the others are at "
        + "\(reference.place(phases)); \(advice)"
    case .replica(let name):
      return "\(name) on \(who) of \(worldSize) differs from the other ranks \(place); \(advice)"
    }
  }

  /// Where ranks are, those at one place together, four places at most.
  private func found(_ deviating: [LockstepHeader]) -> String {
    var places: [(place: String, ranks: [Int])] = []
    for (rank, header) in zip(ranks, deviating) {
      let place = header.place(phases)
      if let index = places.firstIndex(where: { $0.place == place }) {
        places[index].ranks.append(rank)
      } else {
        places.append((place, [rank]))
      }
    }
    let texts = places.prefix(4).map {
      "\(Prose.ranks($0.ranks)) \($0.ranks.count == 1 ? "is" : "are") at \($0.place)"
    }
    let others = places.dropFirst(4).reduce(0) { $0 + $1.ranks.count }
    return texts.joined(separator: ", ") + (others > 0 ? ", \(Count.text(others, "rank")) elsewhere" : "")
  }
}
