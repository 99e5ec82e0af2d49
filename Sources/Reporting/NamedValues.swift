import Platform

/// Names and values in two columns, a line each.
public enum NamedValues {
  /// A line for each row, the values one below the other; nothing is escaped.
  public static func lines(_ rows: [(name: String, value: String)]) -> [String] {
    let width = rows.map(\.name.count).max() ?? 0
    return rows.map { name, value in name + String(repeating: " ", count: width - name.count + 2) + value }
  }

  /// One text; values may come from outside and are escaped for the terminal.
  public static func text(_ rows: [(name: String, value: String)]) -> String {
    lines(rows.map { ($0.name, TerminalText.escaped($0.value)) }).joined(separator: "\n")
  }
}
