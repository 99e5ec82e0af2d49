import Platform

/// How many samples there are of each label.
package struct LabelCounts {
  /// In the order of the labels; empty if samples are unlabelled.
  let counts: [Int]

  /// Counts the labels of `samples` samples, which lie in `0..<labels`.
  package init(labels: Int, samples: Int, label: (Int) -> Int32) {
    var counts = [Int](repeating: 0, count: labels)
    for index in 0..<(labels > 0 ? samples : 0) { counts[Int(label(index))] += 1 }
    self.counts = counts
  }

  /// For people.
  package var text: String {
    guard let least = counts.min(), let most = counts.max() else { return "none" }
    let each = least == most ? Count.text(most, "sample") : "\(least) to \(most) samples"
    return "\(counts.count), each with \(each)"
  }

  /// `0 amphora (12), 1 bowl (9)`; those that have no names, as a request may ask for more, are left out.
  func named(_ names: [String]) -> String {
    zip(names, counts).enumerated().map { "\($0.offset) \($0.element.0) (\($0.element.1))" }
      .joined(separator: ", ")
  }
}
