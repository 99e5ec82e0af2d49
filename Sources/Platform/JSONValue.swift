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

  /// A number, or `null`.
  public init(_ integer: Int?) { self = integer.map(JSONValue.integer) ?? .null }

  /// A string, or `null`.
  public init(_ string: String?) { self = string.map(JSONValue.string) ?? .null }

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
  package var nonFiniteName: String? {
    guard let number, !number.isFinite else { return nil }
    return number.isNaN ? "nan" : number > 0 ? "inf" : "-inf"
  }

  /// The value as JSON text on one line, without spaces. Numbers that are not finite become `null`.
  public var text: String {
    var writer = JSONWriter(.terminal)
    write(to: &writer, .compact)
    return String(decoding: writer.bytes, as: UTF8.self)
  }

  /// The value as JSON text for people: each member of an object on a line of its own, and each element of an
  /// array that holds objects.
  package var indentedText: String {
    var writer = JSONWriter(.terminal)
    write(to: &writer, .lines)
    writer.endLine()
    return String(decoding: writer.bytes, as: UTF8.self)
  }

  private func write(to writer: inout JSONWriter, _ layout: JSONWriter.Layout) {
    switch self {
    case .bool(let value): writer.word(value ? "true" : "false")
    case .integer(let value): writer.value(value)
    case .double(let value) where value.isFinite: writer.value(value)
    case .float(let value) where value.isFinite: writer.value(value)
    case .null, .double, .float: writer.word("null")
    case .string(let value): writer.value(value)
    case .array(let values):
      let layout = values.contains(where: \.isObject) ? layout : .compact
      writer.array(layout) { writer in
        for value in values {
          writer.element()
          value.write(to: &writer, layout)
        }
      }
    case .object(let members):
      writer.object(layout) { writer in
        for member in members {
          writer.key(member.key)
          member.value.write(to: &writer, layout)
        }
      }
    }
  }

  private var isObject: Bool {
    if case .object = self { true } else { false }
  }
}
