/// Lists in sentences.
package enum Prose {
  /// `rank 2`, `ranks 2-3`, `ranks 0, 2-4`.
  /// - Parameter ranks: ascending.
  package static func ranks(_ ranks: [Int]) -> String {
    var parts: [ClosedRange<Int>] = []
    for rank in ranks {
      if let last = parts.last, last.upperBound + 1 == rank {
        parts[parts.count - 1] = last.lowerBound...rank
      } else {
        parts.append(rank...rank)
      }
    }
    let texts = parts.map { $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)-\($0.upperBound)" }
    return (ranks.count == 1 ? "rank " : "ranks ") + texts.joined(separator: ", ")
  }

  /// `rank 0 on one, rank 3 on two`; of more than four the first and how many more there are.
  /// - Parameter host: of a rank; nil where it is not known.
  package static func ranks(_ ranks: [Int], host: (Int) -> String?) -> String {
    let names = ranks.prefix(4).map { rank in "rank \(rank)" + (host(rank).map { " on \($0)" } ?? "") }
    return names.joined(separator: ", ") + (ranks.count > 4 ? " and \(ranks.count - 4) more" : "")
  }

  /// `a, b or c`.
  package static func alternatives(_ items: [String]) -> String { joined(items, "or") }

  /// `a, b and c`.
  package static func list(_ items: [String]) -> String { joined(items, "and") }

  private static func joined(_ items: [String], _ word: String) -> String {
    guard let last = items.last else { return "nothing" }
    let head = items.dropLast()
    return head.isEmpty ? last : "\(head.joined(separator: ", ")) \(word) \(last)"
  }
}
