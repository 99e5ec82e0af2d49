import Platform

/// A small value that a trainer keeps beside the tensors: a counter, a seed, an adaptive probability, a name.
public enum StateValue: Equatable, Sendable, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral,
  ExpressibleByStringLiteral
{
  /// An integer, kept exactly.
  case integer(Int)
  /// A number, kept exactly; not-a-number and the infinities are kept too, without a payload.
  case number(Double)
  /// A text.
  case text(String)

  /// An integer.
  public init(integerLiteral value: Int) { self = .integer(value) }
  /// A number.
  public init(floatLiteral value: Double) { self = .number(value) }
  /// A text.
  public init(stringLiteral value: String) { self = .text(value) }

  /// The integer, or nil for another kind of value.
  public var integer: Int? {
    if case .integer(let value) = self { value } else { nil }
  }

  /// The number, or nil for another kind of value.
  public var number: Double? {
    if case .number(let value) = self { value } else { nil }
  }

  /// The text, or nil for another kind of value.
  public var text: String? {
    if case .text(let value) = self { value } else { nil }
  }

  // JSON has no infinities and no not-a-number: an object stands for them, which no other value uses.
  private static let nonFiniteKey = "number"

  func write(to writer: inout JSONWriter) {
    switch self {
    case .integer(let value): writer.value(value)
    case .number(let value) where value.isFinite: writer.value(value)
    case .number(let value):
      writer.object(.oneLine) { writer in
        writer.key(Self.nonFiniteKey)
        writer.value(value.isNaN ? "nan" : value.description)
      }
    case .text(let value): writer.value(value)
    }
  }

  init(from reader: inout JSONReader) throws(JSONError) {
    switch reader.peek() {
    case UInt8(ascii: "\""): self = .text(try reader.string())
    case UInt8(ascii: "{"):
      var value: Double?
      try reader.object { (reader, key) throws(JSONError) in
        let text = try reader.string()
        guard key == Self.nonFiniteKey, ["nan", "inf", "-inf"].contains(text) else {
          throw reader.failure("expected a number that is not finite")
        }
        value = Double(text)
      }
      guard let value else { throw reader.failure("expected a number that is not finite") }
      self = .number(value)
    default:
      switch try reader.number() {
      case .integer(let value): self = .integer(value)
      case .real(let value): self = .number(value)
      }
    }
  }
}
