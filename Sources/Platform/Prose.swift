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
