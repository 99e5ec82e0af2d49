extension OptionSchema {
  /// The table for `--help`: each key with its default, its meaning and what it accepts, in lines of at most
  /// `columns` characters.
  public func helpText(columns: Int = 78) -> String {
    keys.map { key in
      let heading = "  \(key.path)" + Self.suffix(of: key.fallback) + "\n"
      return heading + Self.wrapped(Self.meaning(of: key), indentation: 6, columns: columns)
    }.joined()
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
