import Glibc
import Platform

/// Why a start ended, as `mpirun` tells it, or as the launcher finds it.
package enum LaunchNotice: Sendable, Equatable {
  /// A signal ended a rank.
  case rankEnded(rank: String, host: String, signal: String)
  /// mpirun has lost a host.
  case hostLost(String)
  /// MPI has not begun in a rank.
  case notBegun(host: String)
  /// The ranks were not all there in time; what was found, in words.
  case stuck(String)
  /// There is no mpirun that could be started.
  case notStarted

  /// What a line of mpirun's own tells of the reason; nil for any other.
  package init?(line: String) {
    let words = line.split(separator: " ").map(String.init)
    func after(_ word: String) -> String? {
      words.firstIndex(of: word).flatMap { words.indices.contains($0 + 1) ? words[$0 + 1] : nil }
    }
    if line.contains("noticed that process rank"), let rank = after("rank"), let host = after("node"),
      let signal = after("signal")
    {
      self = .rankEnded(rank: rank, host: host, signal: signal)
    } else if line.contains("Remote daemon:"), let host = words.last {
      self = .hostLost(host)
    } else if line.contains("Local abort before MPI_INIT"), line.first == "[",
      let host = line.dropFirst().split(separator: ":").first
    {
      self = .notBegun(host: String(host))
    } else {
      return nil
    }
  }

  /// Whether a rank or a host was taken away, and did not fail for what it had loaded.
  var isFromOutside: Bool {
    switch self {
    case .rankEnded(_, _, let signal): ["\(SIGKILL)", "\(SIGTERM)"].contains(signal)
    case .hostLost: true
    case .notBegun, .stuck, .notStarted: false
    }
  }

  /// Whether it says all that is to be known, so that a host need not lack anything.
  var isWhole: Bool {
    switch self {
    case .rankEnded, .hostLost, .stuck: true
    case .notBegun, .notStarted: false
    }
  }

  /// One line for people.
  package var text: String {
    switch self {
    case .rankEnded(let rank, let host, let signal):
      "rank \(rank) on \(host) was ended by signal \(signal)\(Self.memory(signal))"
    case .hostLost(let host): "\(host) is lost to mpirun"
    case .notBegun(let host): "MPI does not start in a rank on \(host)"
    case .stuck(let text): text
    case .notStarted: "mpirun cannot be started"
    }
  }

  /// What memory may have to do with a signal.
  private static func memory(_ signal: String) -> String {
    switch signal {
    case "9": ", perhaps by the kernel for want of memory (see dmesg)"
    case "4", "5", "6", "11":
      Memory.addressSpaceLimit.map { ", under `ulimit -v` of \(ByteCount.text($0))" } ?? ""
    default: ""
    }
  }
}
