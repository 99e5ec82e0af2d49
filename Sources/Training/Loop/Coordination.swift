import DataParallel
package import MessagePassing
package import Platform

/// Why a rank stops before or between steps although nothing is wrong on it, or how it tells what is.
package enum CoordinationError: ReportedError, CustomStringConvertible {
  /// Another rank failed and says why; this one only leaves with the same code.
  case elsewhere(ExitStatus)
  /// This rank failed where the others could not.
  case here(rank: Int, host: String, ExitStatus, message: String)
  /// Ranks are not the same where they must be.
  case disagreement(String)

  package var exitStatus: ExitStatus {
    switch self {
    case .elsewhere(let status), .here(_, _, let status, _): status
    case .disagreement: .disagreement
    }
  }

  /// Whether this rank is the one to print.
  package var isReportedHere: Bool {
    if case .elsewhere = self { false } else { true }
  }

  package var description: String {
    switch self {
    case .elsewhere: "another rank failed; see its message"
    case .here(let rank, let host, _, let message): "\(message) [rank \(rank) on \(host)]"
    case .disagreement(let message): message
    }
  }
}

/// An error that the other ranks do not know of and will not find out: the job has to be aborted.
package struct UnsharedError: ReportedError, CustomStringConvertible {
  package let cause: any Error

  package init(cause: any Error) {
    self.cause = cause
  }

  package var exitStatus: ExitStatus { ExitStatus(of: cause) }

  package var description: String { "\(cause)" }

  /// Runs what only this rank does.
  static func wrapping<T>(_ work: () throws -> T) throws -> T {
    do { return try work() } catch { throw UnsharedError(cause: error) }
  }
}

extension Error {
  /// Whether all ranks have found it alike and at one place, so that they can still communicate before they
  /// end.
  var isFoundByAll: Bool {
    self is TurnError || self is WatchError || (self as? DivergenceError)?.isOfReplica == true
  }

  /// Whether every rank ends for it, so that all can leave in order: those that do not know of it might wait
  /// for this one for ever.
  /// - Parameter rank: the one that has it.
  package func isKnownToAll(on rank: Int) -> Bool {
    switch self {
    case is CoordinationError, is PlanError, is TurnError, is WatchError, is DivergenceError: true
    case is CommunicationError, is UnsharedError: false
    // What rank 0 finds for all (`fromCoordinator`, `together`) it throws as it is, and the others as a
    // CoordinationError. What is no error of a room nobody has foreseen.
    case is any ReportedError: rank == 0
    default: false
    }
  }
}

/// The coordinator: rank 0 resolves, all take part, and what fails on one rank ends all of them with one
/// message.
extension Communicator {
  /// Has rank 0 do work that may fail, and gives all ranks its bytes: a broadcast of one status and of the
  /// bytes.
  /// - Throws: on rank 0 what the work threw, on the others ``CoordinationError/elsewhere(_:)``.
  package func fromCoordinator(_ work: () throws -> [UInt8]) throws -> [UInt8] {
    guard rank == 0 else {
      let message = try broadcast([])
      guard let status = message.first, status == 0 else {
        throw CoordinationError.elsewhere(ExitStatus(rawValue: Int32(message.first ?? 1)) ?? .unexpected)
      }
      return Array(message.dropFirst())
    }
    switch Result(catching: work) {
    case .success(let bytes):
      _ = try broadcast([0] + bytes)
      return bytes
    case .failure(let error):
      _ = try? broadcast([UInt8(truncatingIfNeeded: ExitStatus(of: error).rawValue)])
      throw error
    }
  }

  /// The options that rank 0 resolves, as each rank understands them: a broadcast, and an all-gather of 8
  /// bytes a rank.
  /// - Throws: on the rank that tells of it what `resolve` threw, or `OptionsError`; on the others
  ///   ``CoordinationError/elsewhere(_:)``.
  package func options(_ resolve: () throws -> Options) throws -> Options {
    let yaml = try fromCoordinator { Array(try resolve().canonicalYAML.utf8) }
    return try together { try Options.resolve(yaml: yaml, name: "run", label: "options.yaml") }
  }

  /// Has all ranks meet before they end, each when it has nothing left to do that others wait for: one
  /// all-gather.
  /// - Parameter error: what this rank ends with; nil if it has done its work.
  /// - Returns: what the first rank tells that has failed where the others could not; nil if none has.
  /// - Precondition: all ranks know of the error.
  package func meetAtEnd(after error: (any Error)? = nil) throws(CommunicationError) -> String? {
    var own = ""
    if let error = error as? CoordinationError, case .here = error { own = "\(error)" }
    return try allGather(Array(own.utf8)).first { !$0.isEmpty }.map { String(decoding: $0, as: UTF8.self) }
  }

  /// Has every rank do work that may fail; see `RankExchange`.
  package func together<T>(_ work: () throws -> T) throws -> T { try RankExchange(self).together(work) }
}
