import Platform
import Training

/// A cluster as ``ExecutionPlan`` sees it: nodes, and a link between any two.
package struct ClusterDescription: Sendable, Equatable {
  /// Nodes, which are alike.
  package var nodes = 1
  /// Cores of each.
  package var cores = Cores.onNode
  /// Megabits a second of a node's link, each way.
  package var bandwidth = 1000.0
  /// Milliseconds that a short message takes one way.
  package var latency = 0.05
  /// Microseconds of a core for each packet sent and for each received, where the card does not spare it
  /// that.
  package var packet = 0.0
  /// How fast a core is beside this machine's.
  package var speed = 1.0
  /// The slots of each node, where a hostfile says so; nil if they are to be chosen.
  package var slots: [Int]?

  package init() {}

  /// The keys of a file, each with what it means and what it takes.
  package static let keys: [(name: String, help: String)] = [
    ("nodes", "how many nodes there are, which are alike; 1 to 65536"),
    ("cores", "cores of a node; by default those of this machine"),
    ("bandwidth", "Mbit/s of a node's link, each way, or unlimited; by default 1000"),
    ("latency", "milliseconds that a short message takes one way; by default 0.05"),
    (
      "packet", "microseconds of a core that a packet takes where the card does not bundle them; by default 0"
    ),
    ("speed", "how fast a core is beside this machine's; by default 1"),
  ]

  /// Reads a file of `key: value` lines; `#` begins a comment.
  /// - Throws: ``ClusterError`` with all that is wrong.
  package static func read(_ path: String) throws(ClusterError) -> ClusterDescription {
    guard let text = Files.head(path) else {
      throw ClusterError("the description \(path) cannot be read; check --cluster", isMissing: true)
    }
    return try ClusterDescription(text: text, path: path)
  }

  /// The cluster of a text.
  /// - Throws: ``ClusterError`` with all that is wrong, in the order of the lines.
  package init(text: String, path: String) throws(ClusterError) {
    var problems: [String] = []
    var given: Set<String> = []
    let lines = text.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false)
    for (number, line) in lines.enumerated() {
      let content = Self.trimmed(String(String.UnicodeScalarView(line.prefix { $0 != "#" })))
      guard !content.isEmpty else { continue }
      let parts = content.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
      let key = Self.trimmed(String(parts[0]))
      let value = parts.count == 2 ? Self.trimmed(String(parts[1])) : ""
      func report(_ what: String, _ advice: String) {
        problems.append("\(path):\(number + 1): \(what); \(advice)")
      }
      if parts.count < 2 || value.isEmpty {
        report("'\(content)' is no 'key: value' line", "write for example: nodes: 4")
      } else if !Self.keys.contains(where: { $0.name == key }) {
        let near = OptionSuggestions(words: Self.keys.map(\.name)).nearest(to: key).first
        report(
          "'\(key)' is no key of a cluster",
          near.map { "did you mean \($0)?" } ?? "there are \(Prose.list(Self.keys.map(\.name)))")
      } else if !given.insert(key).inserted {
        report("\(key) is given twice", "keep one")
      } else if !set(key, value) {
        report("'\(value)' is no value of \(key)", Self.keys.first { $0.name == key }?.help ?? "")
      }
    }
    guard problems.isEmpty else { throw ClusterError(lines: problems) }
  }

  /// Takes a value in; false if it is none.
  private mutating func set(_ key: String, _ value: String) -> Bool {
    let number = Double(value) ?? .nan
    switch key {
    case "nodes" where (1...65_536).contains(Int(value) ?? 0): nodes = Int(value) ?? 1
    case "cores" where (1...4096).contains(Int(value) ?? 0): cores = Int(value) ?? 1
    case "bandwidth" where value == "unlimited": bandwidth = .infinity
    case "bandwidth" where number >= 0.1 && number <= 1e7: bandwidth = number
    case "latency" where number >= 0 && number <= 10_000: latency = number
    case "packet" where number >= 0 && number <= 1000: packet = number
    case "speed" where number >= 0.01 && number <= 100: speed = number
    default: return false
    }
    return true
  }

  private static func trimmed(_ text: String) -> String {
    let kept = text.drop { $0.isWhitespace }
    return String(kept.prefix(kept.count - kept.reversed().prefix { $0.isWhitespace }.count))
  }

  /// The link between nodes.
  package var link: ReductionCost.Link {
    .init(megabits: bandwidth, latency: latency * 1e-3, packet: packet * 1e-6)
  }
}
