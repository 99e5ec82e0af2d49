import Platform

extension OptionSchema {
  /// Characters of a line.
  private static let columns = 78

  /// The tables of all families for `--help`, each key with its default, its meaning and what it accepts: the
  /// keys that all have, then those that some have, or have with another default or other limits.
  public static func helpTextOfAll() -> String {
    let common = OptionSchema(family: nil).keys.map(entry)
    var known = Set(common)
    var entries: [String] = []
    var families: [String: [ModelFamily]] = [:]
    for family in ModelFamily.allCases {
      for text in OptionSchema(family: family).keys.map(entry)
      where !known.contains(text) || families[text] != nil {
        if known.insert(text).inserted { entries.append(text) }
        families[text, default: []].append(family)
      }
    }
    var groups: [[ModelFamily]] = []
    for text in entries where !groups.contains(families[text]!) { groups.append(families[text]!) }
    let sections = groups.map { group in
      wrapped("Of \(Prose.list(group.map(\.rawValue))):", indentation: 0) + "\n"
        + entries.filter { families[$0] == group }.joined()
    }
    return ([common.joined()] + sections).joined(separator: "\n")
  }

  private static func entry(_ key: OptionKey) -> String {
    "  \(key.path)" + suffix(of: key.fallback) + "\n" + wrapped(meaning(of: key), indentation: 6)
  }

  /// For `--help`: the keys of all families that may change when a run is resumed. What it began with does
  /// not.
  public static func resumableTextOfAll() -> String {
    let keys = vocabulary.keys.filter { $0.mayChangeOnResume && !$0.path.hasPrefix("init.") }
    return wrapped(Prose.list(keys.map(\.path)), indentation: 2)
  }

  private static func meaning(of key: OptionKey) -> String {
    let unit = key.unit.isEmpty ? "" : ", \(key.unit)"
    return "\(key.help) (\(key.type.summary)\(unit))"
  }

  private static func suffix(of fallback: OptionFallback) -> String {
    switch fallback {
    case .value(.text("")), .none: ""
    case .value(let value): "=\(value.canonicalText)"
    case .required: "= (required)"
    }
  }

  private static func wrapped(_ text: String, indentation: Int) -> String {
    let margin = String(repeating: " ", count: indentation)
    var lines: [String] = []
    for word in text.split(separator: " ") {
      if let line = lines.last, line.count + 1 + word.count <= columns - indentation {
        lines[lines.count - 1] = line + " " + word
      } else {
        lines.append(String(word))
      }
    }
    return lines.map { margin + $0 + "\n" }.joined()
  }
}
