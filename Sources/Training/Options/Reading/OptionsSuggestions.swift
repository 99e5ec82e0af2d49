/// Finds what a misspelled key was meant to be.
package struct OptionSuggestions {
  /// One spelling under which a key may be looked for.
  private struct Spelling {
    let path: String
    let text: [UInt8]
  }

  private let spellings: [Spelling]
  private static let longest = 64

  /// Suggests among the keys of `schema`, or among its groups.
  init(_ schema: OptionSchema, groups: Bool = false) {
    var spellings: [Spelling] = []
    for key in groups ? [] : schema.keys {
      let parts = key.path.split(separator: ".")
      for start in parts.indices {
        spellings.append(Spelling(path: key.path, text: Self.folded(parts[start...].joined(separator: "."))))
      }
      if parts.count == 3 {
        spellings.append(Spelling(path: key.path, text: Self.folded("\(parts[0]).\(parts[2])")))
      }
      for synonym in key.synonyms {
        for start in parts.indices {
          let parents = parts[start...].dropLast() + [synonym[...]]
          spellings.append(Spelling(path: key.path, text: Self.folded(parents.joined(separator: "."))))
        }
      }
    }
    for group in groups ? schema.groups : [] {
      spellings.append(Spelling(path: group, text: Self.folded(group)))
      if let last = group.split(separator: ".").last {
        spellings.append(Spelling(path: group, text: Self.folded(String(last))))
      }
    }
    self.spellings = spellings
  }

  /// Suggests among words.
  package init(words: [String]) {
    spellings = words.map { Spelling(path: $0, text: Self.folded($0)) }
  }

  /// The nearest keys to `word`, at most four, or none if nothing is near. An exact last part, such as
  /// `every`, gives every key that ends so.
  package func nearest(to word: String) -> [String] {
    guard word.utf8.count <= Self.longest else { return [] }
    var found = nearest(Self.folded(word))
    // A path of which only the end is a key, such as `train.batch`.
    if found.isEmpty, let dot = word.firstIndex(of: ".") {
      found = nearest(to: String(word[word.index(after: dot)...]))
    }
    return found
  }

  private func nearest(_ word: [UInt8]) -> [String] {
    // A third of the word may be wrong, and more than three letters never.
    let tolerance = min(3, max(1, word.count / 3))
    var best = tolerance
    var found: [String] = []
    for spelling in spellings where abs(spelling.text.count - word.count) <= best {
      let distance = Self.distance(word, spelling.text)
      if distance < best { found = [] }
      guard distance <= best, distance < max(1, word.count) else { continue }
      best = distance
      if !found.contains(spelling.path) { found.append(spelling.path) }
    }
    return Array(found.prefix(4))
  }

  /// Lower case, without the characters that separate words.
  private static func folded(_ text: String) -> [UInt8] {
    text.utf8.compactMap { byte in
      switch byte {
      case UInt8(ascii: "A")...UInt8(ascii: "Z"): byte + 32
      case UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: " "): nil
      default: byte
      }
    }
  }

  /// The fewest insertions, deletions, substitutions and swaps of neighbours between two words, no part
  /// edited twice (optimal string alignment).
  static func distance(_ a: [UInt8], _ b: [UInt8]) -> Int {
    var beforeLast: [Int] = []
    var last = Array(0...b.count)
    for i in a.indices {
      var row = [i + 1]
      for j in b.indices {
        var cost = min(last[j + 1] + 1, row[j] + 1, last[j] + (a[i] == b[j] ? 0 : 1))
        if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { cost = min(cost, beforeLast[j - 1] + 1) }
        row.append(cost)
      }
      beforeLast = last
      last = row
    }
    return last[b.count]
  }
}
