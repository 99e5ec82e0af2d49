/// Lists in sentences.
package enum Prose {
  /// `a, b or c`.
  package static func alternatives(_ items: [String]) -> String {
    guard let last = items.last else { return "nothing" }
    let head = items.dropLast()
    return head.isEmpty ? last : "\(head.joined(separator: ", ")) or \(last)"
  }

  /// `a, b and c`.
  package static func list(_ items: [String]) -> String {
    guard let last = items.last else { return "nothing" }
    let head = items.dropLast()
    return head.isEmpty ? last : "\(head.joined(separator: ", ")) and \(last)"
  }
}
