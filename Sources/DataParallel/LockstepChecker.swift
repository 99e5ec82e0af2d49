public import MessagePassing

/// What all ranks know of each other after ``LockstepChecker/verify(_:over:)``; the same on every rank.
public struct AgreedFlags: Sendable, Equatable {
  /// The flags of each rank, in rank order.
  public let byRank: [StatusFlags]
  /// The buckets that all ranks have handed over, bit by bit.
  public let handed: UInt64

  /// The flags that at least one rank has set.
  public var union: StatusFlags {
    byRank.reduce(into: []) { $0.formUnion($1) }
  }

  /// The flags that all ranks have set.
  public var intersection: StatusFlags {
    byRank.dropFirst().reduce(into: byRank.first ?? []) { $0.formIntersection($1) }
  }

  /// The ranks that have set all of `flags`, ascending.
  public func ranks(with flags: StatusFlags) -> [Int] {
    byRank.indices.filter { byRank[$0].isSuperset(of: flags) }
  }
}

/// Checks before each turn that all ranks are about to take the same one.
public enum LockstepChecker {
  /// Compares the headers of all ranks: one all-gather of 56 bytes a rank.
  ///
  /// A rank that has failed may not know its place any more: when one says so, places are not compared.
  ///
  /// - Returns: the flags of all ranks, so that all take the same decision at the same step.
  /// - Throws: ``DivergenceError`` on every rank when one is at another step, phase or collective than most,
  ///   or has another number of elements or buckets (of two equally frequent answers that of the lower rank
  ///   counts); `CommunicationError`.
  public static func verify(
    _ header: LockstepHeader, over communicator: any Communicator
  ) throws -> AgreedFlags {
    let headers = try communicator.allGather(header)
    let agreed = AgreedFlags(
      byRank: headers.map(\.flags), handed: headers.reduce(~0) { $0 & $1.handed })
    if headers.contains(where: { $0.flags.contains(.failed) }) { return agreed }
    let agreement = Agreement(of: headers.map(\.numbers))
    guard agreement.dissenters.isEmpty else {
      let reference = headers.first { $0.numbers == agreement.reference } ?? headers[0]
      throw DivergenceError(
        subject: .turn(reference: reference, deviating: agreement.dissenters.map { headers[$0] }),
        step: reference.step, phase: reference.phase, ranks: agreement.dissenters, worldSize: headers.count)
    }
    return agreed
  }
}
