extension Options {
  /// The options as a recipe with every default written out, in the order of the table, with what each key
  /// means. Read back, it gives equal options.
  public var canonicalYAML: String {
    let schema = OptionSchema(family: family)
    var lines: [String] = []
    var group: [Substring] = []
    for key in schema.keys {
      guard let value = key.read(self) else { continue }
      let parts = key.path.split(separator: ".")
      if parts.count == 1 || parts.first != group.first {
        if parts.count > 1 || !group.isEmpty { lines.append("") }
        group = []
      }
      let shared = zip(group, parts.dropLast()).prefix { $0 == $1 }.count
      for depth in shared..<parts.count - 1 {
        lines.append(Self.indentation(depth) + "\(parts[depth]):")
      }
      group = Array(parts.dropLast())
      let line = Self.indentation(parts.count - 1) + "\(parts[parts.count - 1]): \(Self.written(value))"
      lines.append(Self.commented(line, key))
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private static func indentation(_ depth: Int) -> String {
    String(repeating: " ", count: 2 * depth)
  }

  /// Adds the key's meaning, aligned where the line is short; words for people need none.
  private static func commented(_ line: String, _ key: OptionKey) -> String {
    guard key.role != .description else { return line }
    let unit = key.unit.isEmpty || key.help.contains(key.unit) ? "" : " (\(key.unit))"
    return line + String(repeating: " ", count: max(2, 34 - line.count)) + "# \(key.help)\(unit)"
  }

  private static func written(_ value: OptionValue) -> String {
    guard case .text(let text) = value, !isPlain(text) else { return value.canonicalText }
    return doubleQuoted(text)
  }

  /// Whether YAML reads `text` without quotes as itself, in any version.
  private static func isPlain(_ text: String) -> Bool {
    guard let first = text.unicodeScalars.first,
      first == "/" || first.properties.isAlphabetic && first.isASCII,
      !["null", "~", "true", "false", "yes", "no", "on", "off", "y", "n"].contains(text.lowercased())
    else { return false }
    return text.unicodeScalars.allSatisfy { scalar in
      scalar.isASCII && (scalar.properties.isAlphabetic || "0123456789._-/".unicodeScalars.contains(scalar))
    }
  }

  private static func doubleQuoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"", "\\": result += "\\\(scalar)"
      case "\n": result += "\\n"
      case "\t": result += "\\t"
      case _ where scalar.isPrintable: result.unicodeScalars.append(scalar)
      default:
        let digits = String(scalar.value, radix: 16, uppercase: true)
        result += scalar.value > 0xFFFF ? "\\U" : "\\u"
        result += String(repeating: "0", count: (scalar.value > 0xFFFF ? 8 : 4) - digits.count) + digits
      }
    }
    return result + "\""
  }
}
