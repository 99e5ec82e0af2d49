import Platform

/// A JSON value (RFC 8259) whose objects keep the order of their keys.
public enum JSONValue: Equatable, Sendable {
  /// `null`.
  case null
  /// `true` or `false`.
  case bool(Bool)
  /// A number without fraction or exponent.
  case integer(Int)
  /// A number, written with the fewest digits that give the same Double back.
  case double(Double)
  /// A number, written with the fewest digits that give the same Float back.
  case float(Float)
  /// A string.
  case string(String)
  /// An array.
  case array([JSONValue])
  /// An object, in order.
  case object([Member])

  /// One key of an object and its value.
  public struct Member: Equatable, Sendable {
    /// The key.
    public let key: String
    /// The value.
    public let value: JSONValue

    /// A member of an object.
    public init(_ key: String, _ value: JSONValue) {
      self.key = key
      self.value = value
    }
  }

  /// The value of the first member named `key`, nil if there is none or this is no object.
  public subscript(key: String) -> JSONValue? {
    guard case .object(let members) = self else { return nil }
    return members.first { $0.key == key }?.value
  }

  /// The number, nil if this is none.
  public var number: Double? {
    switch self {
    case .integer(let value): Double(value)
    case .double(let value): value
    case .float(let value): Double(value)
    default: nil
    }
  }

  /// `nan`, `inf` or `-inf` for a number that JSON cannot hold, nil for every other value.
  var nonFiniteName: String? {
    guard let number, !number.isFinite else { return nil }
    return number.isNaN ? "nan" : number > 0 ? "inf" : "-inf"
  }

  /// The value as JSON text on one line, without spaces. Numbers that are not finite become `null`.
  public var text: String {
    var text = ""
    write(to: &text)
    return text
  }

  /// The value as JSON text for people: each member of an object on a line of its own, and each element of an
  /// array that holds objects.
  package var indentedText: String {
    var text = ""
    writeIndented(to: &text, depth: 0)
    return text + "\n"
  }

  private func writeIndented(to text: inout String, depth: Int) {
    let inner = String(repeating: "  ", count: depth + 1)
    let outer = String(repeating: "  ", count: depth)
    switch self {
    case .object(let members) where !members.isEmpty:
      for (index, member) in members.enumerated() {
        text += index == 0 ? "{\n" : ",\n"
        text += inner
        Self.write(member.key, to: &text)
        text += ": "
        member.value.writeIndented(to: &text, depth: depth + 1)
      }
      text += "\n\(outer)}"
    case .array(let values) where values.contains(where: \.isObject):
      for (index, value) in values.enumerated() {
        text += index == 0 ? "[\n" : ",\n"
        text += inner
        value.writeIndented(to: &text, depth: depth + 1)
      }
      text += "\n\(outer)]"
    default: write(to: &text)
    }
  }

  private var isObject: Bool {
    if case .object = self { true } else { false }
  }

  private func write(to text: inout String) {
    switch self {
    case .null: text += "null"
    case .bool(let value): text += value ? "true" : "false"
    case .integer(let value): text += String(value)
    // Swift's descriptions are the shortest that round-trip, in every locale, and valid JSON: 0.1, 1e-05,
    // 3.0.
    case .double(let value): text += value.isFinite ? value.description : "null"
    case .float(let value): text += value.isFinite ? value.description : "null"
    case .string(let value): Self.write(value, to: &text)
    case .array(let values):
      text += "["
      for (index, value) in values.enumerated() {
        if index > 0 { text += "," }
        value.write(to: &text)
      }
      text += "]"
    case .object(let members):
      text += "{"
      for (index, member) in members.enumerated() {
        if index > 0 { text += "," }
        Self.write(member.key, to: &text)
        text += ":"
        member.value.write(to: &text)
      }
      text += "}"
    }
  }

  private static func write(_ string: String, to text: inout String) {
    text += "\""
    for scalar in string.unicodeScalars {
      switch scalar {
      case "\"": text += "\\\""
      case "\\": text += "\\\\"
      case "\n": text += "\\n"
      case "\r": text += "\\r"
      case "\t": text += "\\t"
      // DEL and the C1 controls too, so that a log can be shown on a terminal.
      case "\0"..."\u{1F}", "\u{7F}"..."\u{9F}":
        text += "\\u" + Digits.padded(scalar.value, to: 4, radix: 16)
      default: text.unicodeScalars.append(scalar)
      }
    }
    text += "\""
  }
}
