import Platform

/// Processes that compute beside this one, so that it is timed as one of several ranks is.
package final class BusyProcesses {
  /// The line on standard error with which one says that it computes.
  package static let word = "busy"

  private struct Other {
    let process: ChildProcess
    /// What it has said.
    var said: [UInt8] = []
    var hasEnded = false

    var lines: [String] { String(decoding: said, as: UTF8.self).split(separator: "\n").map(String.init) }

    var isBusy: Bool { lines.contains(BusyProcesses.word) }

    mutating func look() {
      // What it said before it ended is there when it has.
      if !hasEnded, process.exitCode() != nil { hasEnded = true }
      var bytes = process.read()
      while !bytes.isEmpty {
        said += bytes
        bytes = process.read()
      }
    }
  }

  private let count: Int
  private var others: [Other]

  /// Starts `count` processes of a program.
  package init(_ count: Int, _ program: String, _ words: [String]) {
    self.count = count
    others = (0..<count).compactMap { _ in (try? ChildProcess(program, words)).map { Other(process: $0) } }
  }

  /// Waits until all have said that they compute. One that takes longer than `milliseconds` computes by then
  /// too.
  /// - Throws: ``ClusterError`` if one cannot be started or ends.
  package func waitUntilBusy(milliseconds: Int64) throws(ClusterError) {
    guard others.count == count else {
      throw Self.error("\(count - others.count) of \(count) processes beside this one cannot be started")
    }
    let limit = MonotonicClock.milliseconds + milliseconds
    while MonotonicClock.milliseconds < limit {
      try check()
      guard let next = others.first(where: { !$0.isBusy }) else { return }
      next.process.wait(milliseconds: 100)
    }
  }

  /// Finds out whether all are there.
  /// - Throws: ``ClusterError`` with the last words of one that is not.
  package func check() throws(ClusterError) {
    for index in others.indices { others[index].look() }
    guard let ended = others.first(where: \.hasEnded) else { return }
    var last = ended.lines.last { $0 != Self.word } ?? "without a word"
    let prefix = "lockstep: "
    if last.hasPrefix(prefix) { last.removeFirst(prefix.count) }
    throw Self.error("a process beside this one ended: \(last)")
  }

  private static func error(_ what: String) -> ClusterError {
    ClusterError("\(what); give --beside fewer")
  }

  /// Ends them all.
  package func end() {
    for other in others {
      if !other.hasEnded { other.process.end() }
      other.process.close()
    }
    others = []
  }
}
