extension OptionSchema {
  /// The table for `--help`: one line for each key with what it accepts, its default and its meaning.
  public var helpText: String {
    let rows = keys.map { key in
      (key: key.path, fallback: Self.text(of: key.fallback), meaning: Self.meaning(of: key))
    }
    let first = rows.map(\.key.count).max() ?? 0
    let second = rows.map(\.fallback.count).max() ?? 0
    return rows.map { row in
      "  \(padded(row.key, to: first))  \(padded(row.fallback, to: second))  \(row.meaning)\n"
    }.joined()
  }

  private static func meaning(of key: OptionKey) -> String {
    let unit = key.unit.isEmpty ? "" : ", \(key.unit)"
    return "\(key.help) (\(key.type.summary)\(unit))"
  }

  private static func text(of fallback: OptionFallback) -> String {
    switch fallback {
    case .value(.text("")), .none: "-"
    case .value(let value): value.canonicalText
    case .required: "required"
    }
  }

  private func padded(_ text: String, to width: Int) -> String {
    text + String(repeating: " ", count: width - text.count)
  }
}
