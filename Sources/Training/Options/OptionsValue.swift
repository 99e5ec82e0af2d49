/// A value of the option table on its way between text and ``Options``.
public enum OptionValue: Sendable, Equatable {
  /// `auto`: chosen when the run starts.
  case automatic
  /// `true` or `false`.
  case boolean(Bool)
  /// A whole number.
  case integer(Int)
  /// A finite number.
  case number(Double)
  /// Anything else.
  case text(String)

  /// The value as a recipe and a digest spell it, without quotes.
  public var canonicalText: String {
    switch self {
    case .automatic: "auto"
    case .boolean(let value): value ? "true" : "false"
    case .integer(let value): String(value)
    case .number(let value): value.optionText
    case .text(let value): value
    }
  }
}

extension Double {
  /// The shortest decimal that reads back as the same number; whole numbers without a fraction.
  var optionText: String {
    let text = description
    return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
  }
}

/// A type that a key of ``Options`` may have.
///
/// `init(_:)` is only given values that the key's ``OptionType`` has let through.
public protocol OptionConvertible: Sendable, Equatable {
  /// Takes a checked value.
  init(_ value: OptionValue)
  /// The value that `init(_:)` would take for `self`.
  var optionValue: OptionValue { get }
}

extension OptionConvertible where Self: RawRepresentable, RawValue == String {
  /// Takes the word.
  public init(_ value: OptionValue) {
    guard let choice = Self(rawValue: String(value)) else { mismatch(value, Self.self) }
    self = choice
  }

  /// The word.
  public var optionValue: OptionValue { .text(rawValue) }
}

func mismatch(_ value: OptionValue, _ type: (some OptionConvertible).Type) -> Never {
  preconditionFailure("an option of type \(type) was declared to accept \(value)")
}

extension Int: OptionConvertible {
  /// Takes an integer.
  public init(_ value: OptionValue) {
    guard case .integer(let integer) = value else { mismatch(value, Int.self) }
    self = integer
  }

  /// The integer.
  public var optionValue: OptionValue { .integer(self) }
}

extension UInt64: OptionConvertible {
  /// Takes an integer that is not negative.
  public init(_ value: OptionValue) {
    guard case .integer(let integer) = value else { mismatch(value, UInt64.self) }
    self = UInt64(integer)
  }

  /// The integer; options hold no more than `Int.max`.
  public var optionValue: OptionValue { .integer(Int(self)) }
}

extension Double: OptionConvertible {
  /// Takes a number.
  public init(_ value: OptionValue) {
    guard case .number(let number) = value else { mismatch(value, Double.self) }
    self = number
  }

  /// The number.
  public var optionValue: OptionValue { .number(self) }
}

extension Bool: OptionConvertible {
  /// Takes a boolean.
  public init(_ value: OptionValue) {
    guard case .boolean(let boolean) = value else { mismatch(value, Bool.self) }
    self = boolean
  }

  /// The boolean.
  public var optionValue: OptionValue { .boolean(self) }
}

extension String: OptionConvertible {
  /// Takes text.
  public init(_ value: OptionValue) {
    guard case .text(let text) = value else { mismatch(value, String.self) }
    self = text
  }

  /// The text.
  public var optionValue: OptionValue { .text(self) }
}
