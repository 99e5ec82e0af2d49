import Platform
import Reporting

/// What a watchdog says about other ranks: a pure function of what it has heard.
package struct WatchReport: Sendable {
  /// The host of every rank.
  package let hosts: [String]
  /// What the phases are called; empty until the model is known.
  package var phases: [String]

  package init(hosts: [String], phases: [String] = []) {
    self.hosts = hosts
    self.phases = phases
  }

  /// Milliseconds without a word, six times the usual, after which a rank's process counts as stopped, where
  /// its machine still answers.
  static let silence: Int64 = 1500

  private static let verdictPrefix = "lockstep: watchdog: "
  private static let verdictAdvice = "; run again"

  private static let limitAdvice = " (stallTimeout= sets the limit)"

  /// The line with which a watchdog ends a job.
  /// - Parameters:
  ///   - folder: the run's; nil before it is known, when there is nothing to go on with.
  ///   - isOverLimit: whether `stallTimeout` has decided.
  ///   - isRestarted: whether a launcher says what comes next, and may do it.
  package static func verdict(
    _ cause: String, folder: String?, isOverLimit: Bool, isRestarted: Bool
  ) -> String {
    let next = verdictAdvice + (folder.map { " with \(RunFolder.resumeWords($0))" } ?? "")
    return verdictPrefix + cause + (isRestarted ? "" : next) + (isOverLimit ? limitAdvice : "")
  }

  /// The cause that a watchdog's last line tells; nil for any other line of a job.
  package static func cause(ofVerdict line: String) -> String? {
    guard line.hasPrefix(verdictPrefix) else { return nil }
    let advice = [verdictAdvice, limitAdvice].compactMap { line.ranges(of: $0).last?.lowerBound }
    let end = advice.min() ?? line.endIndex
    return String(line[..<end].dropFirst(verdictPrefix.count))
  }

  /// What a job has written, without the lines with which watchdogs have ended it; what a terminal shows
  /// before them stays.
  package static func withoutVerdicts(_ text: String) -> String {
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    return lines.enumerated().map { index, line in
      if let verdict = line.ranges(of: verdictPrefix).first { return String(line[..<verdict.lowerBound]) }
      return line + (index < lines.count - 1 ? "\n" : "")
    }.joined()
  }

  /// The lost ranks, each host that does not answer once with all of its ranks.
  /// - Parameter unanswered: milliseconds in which the machines of ranks had acknowledged nothing.
  package func lost(
    _ losses: [Int: WatchLink.Loss], places: [Int: RankPlace], unanswered: [Int: Int64] = [:]
  ) -> String {
    var texts: [String] = []
    var namedHosts: Set<String> = []
    for rank in losses.keys.sorted() {
      let place = places[rank] ?? RankPlace()
      switch losses[rank] {
      case .unreachable:
        guard namedHosts.insert(hosts[rank]).inserted else { continue }
        let ranks = Prose.ranks(hosts.indices.filter { hosts[$0] == hosts[rank] })
        texts.append(
          "\(hosts[rank]) (\(ranks))\(Self.unanswered) for "
            + "\(max(WatchLink.patience, unanswered[rank] ?? 0) / 1000) s, last heard \(moment(place))")
      case .ended:
        texts.append(
          "rank \(rank) on \(hosts[rank])\(Self.ended), last heard \(moment(place))\(Self.memory(place))"
        )
      case .exhausted:
        texts.append(
          "rank \(rank) on \(hosts[rank]) has run out of memory \(moment(place))\(Self.memory(place)); "
            + MemoryError.advice)
      case nil: break
      }
    }
    return texts.joined(separator: "; ")
  }

  private static let unanswered = " has not answered"
  private static let ended = " ended without a word"

  /// Whether what ``lost(_:places:unanswered:)`` has said tells of a host that does not answer.
  package static func tellsOfLostHost(_ text: String) -> Bool { text.contains(unanswered) }

  /// Whether what a watchdog has said tells of such a host, or of a rank that is gone.
  package static func tellsOfLoss(_ text: String) -> Bool { tellsOfLostHost(text) || text.contains(ended) }

  /// What a rank had of its memory, for one that the kernel may have ended for want of it.
  private static func memory(_ place: RankPlace) -> String {
    guard place.memory > 0 else { return "" }
    let limit = place.memoryLimit > 0 ? " of the \(ByteCount.text(place.memoryLimit)) of its container" : ""
    return ", with \(ByteCount.text(place.memory))\(limit) at its peak"
  }

  /// Ranks that were not heard for a while, each host once, with the longest silence of its ranks.
  package func heardAgain(_ silences: [Int: Int64]) -> String {
    let names = hosts.indices.filter { silences[$0] != nil }.map { hosts[$0] }
    var told: [String] = []
    for host in names where !told.contains(host) { told.append(host) }
    return told.map { host in
      let ranks = hosts.indices.filter { hosts[$0] == host && silences[$0] != nil }
      let silence = ranks.compactMap { silences[$0] }.max() ?? 0
      return
        "\(host) (\(Prose.ranks(ranks))) was not heard for \(FixedDecimal.text(Double(silence) / 1000, places: 1)) s"
    }.joined(separator: ", ") + "; training goes on"
  }

  /// Ranks that have not connected to rank 0.
  package func absent(_ ranks: [Int]) -> String {
    let (have, their) = ranks.count == 1 ? ("has", "its") : ("have", "their")
    return
      "\(named(ranks)) \(have) not connected to rank 0 on \(hosts[0]), which would not notice \(their) end; "
      + "let its host take TCP connections from theirs, and give each host a name of its own"
  }

  /// Who keeps the others waiting: ranks that give no sign; else, of those that do not wait themselves, the
  /// ones with the fewest turns.
  /// - Parameters:
  ///   - places: where the ranks are that have ever been heard.
  ///   - silent: the ranks of those that are not heard any more.
  package func stalled(places: [Int: RankPlace], silent: Set<Int>) -> String {
    if !silent.isEmpty {
      let ranks = silent.sorted()
      return "\(named(ranks)) \(ranks.count == 1 ? "gives" : "give") no sign and may be stopped, last heard "
        + moment(places[ranks[0]] ?? RankPlace())
    }
    let working = places.filter { !$0.value.activity.isWaiting }
    guard let fewest = working.values.map(\.turns).min() else {
      return "every rank waits for the others \(moment(places[0] ?? RankPlace()))"
    }
    let last = working.filter { $0.value.turns == fewest }
    let ranks = last.keys.sorted()
    let place = last[ranks[0]] ?? RankPlace()
    return "\(named(ranks)) \(place.activity.text(ofSeveral: ranks.count > 1)) \(moment(place))"
  }

  /// `in step 14, discriminator`; `after step 14` while that is saved; `before the first step`.
  func moment(_ place: RankPlace) -> String {
    guard place.turns > 0 else { return "before the first step" }
    if [.saving, .gathering].contains(place.activity), place.step > 0 { return "after step \(place.step)" }
    let phase = phases.indices.contains(place.phase) ? ", \(phases[place.phase])" : ""
    return "in step \(place.step + 1)\(phase)"
  }

  private func named(_ ranks: [Int]) -> String { Prose.ranks(ranks) { hosts[$0] } }
}
