import Platform

extension OptionSchema {
  /// The table for `--help`: each key with its default, its meaning and what it accepts, in lines of at most
  /// `columns` characters.
  public func helpText(columns: Int = 78) -> String {
    keys.map { Self.entry($0, columns: columns) }.joined()
  }

  /// The tables of all families for `--help`: the keys that all have, then those that some have, or have with
  /// another default or other limits.
  public static func helpTextOfAll(columns: Int = 78) -> String {
    let common = OptionSchema(family: nil).keys.map { entry($0, columns: columns) }
    var known = Set(common)
    var entries: [String] = []
    var families: [String: [ModelFamily]] = [:]
    for family in ModelFamily.allCases {
      for text in OptionSchema(family: family).keys.map({ entry($0, columns: columns) })
      where !known.contains(text) || families[text] != nil {
        if known.insert(text).inserted { entries.append(text) }
        families[text, default: []].append(family)
      }
    }
    var groups: [[ModelFamily]] = []
    for text in entries where !groups.contains(families[text]!) { groups.append(families[text]!) }
    let sections = groups.map { group in
      "Of \(Prose.list(group.map(\.rawValue))):\n\n" + entries.filter { families[$0] == group }.joined()
    }
    return ([common.joined()] + sections).joined(separator: "\n")
  }

  private static func entry(_ key: OptionKey, columns: Int) -> String {
    "  \(key.path)" + suffix(of: key.fallback) + "\n"
      + wrapped(meaning(of: key), indentation: 6, columns: columns)
  }

  /// For `--help`: the keys that may change when a run is resumed, in lines of at most `columns` characters.
  package func resumableText(columns: Int = 78) -> String {
    let paths = keys.filter(\.mayChangeOnResume).map(\.path)
    return Self.wrapped(Prose.list(paths), indentation: 2, columns: columns)
  }

  /// The same of all families.
  public static func resumableTextOfAll() -> String { vocabulary.resumableText() }

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

  private static func wrapped(_ text: String, indentation: Int, columns: Int) -> String {
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
