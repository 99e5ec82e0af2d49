import Platform

/// What a key accepts.
public enum OptionType: Sendable, Equatable {
  /// A whole number in a range.
  case integer(ClosedRange<Int>)
  /// 1, 2, 4, 8, … in a range.
  case powerOfTwo(ClosedRange<Int>)
  /// One of these whole numbers.
  case oneOf([Int])
  /// `auto`, or a whole number in a range.
  case automaticOrInteger(ClosedRange<Int>)
  /// A number in an interval, which must survive as a 32-bit float.
  case number(OptionInterval)
  /// `true` or `false`, and nothing that looks like it.
  case boolean
  /// One of these words.
  case word([String])
  /// One or more of these words, with commas between.
  case words([String])
  /// A name of letters, digits, `.`, `_` and `-`, at most 64 long: a single, harmless part of a path.
  case name
  /// A path without NUL, not empty, at most 4,096 bytes.
  case path
  /// Words for people, at most 16,384 bytes.
  case prose

  /// The values a key of this type takes, in words, after "give ".
  public var summary: String {
    switch self {
    case .integer(let range): "a whole number from \(range.lowerBound) to \(range.upperBound)"
    case .powerOfTwo(let range): "a power of two from \(range.lowerBound) to \(range.upperBound)"
    case .oneOf(let values): Prose.alternatives(values.map(String.init))
    case .automaticOrInteger(let range):
      "auto or a whole number from \(range.lowerBound) to \(range.upperBound)"
    case .number(let interval): "a number \(interval)"
    case .boolean: "true or false"
    case .word(let words): Prose.alternatives(words)
    case .words(let words): "one or more of \(Prose.list(words)), with commas between"
    case .name: "1 to 64 letters from a to z and A to Z, digits, dots, dashes and underscores"
    case .path: "a path of 1 to \(Self.longestPath) bytes"
    case .prose: "text of at most \(Self.longestProse) bytes"
    }
  }

  /// What stands for a value of this type in a sentence about the command line.
  var placeholder: String {
    switch self {
    case .integer, .powerOfTwo, .oneOf, .automaticOrInteger, .number: "N"
    case .boolean: "true"
    case .word, .name: "NAME"
    case .words: "NAME,NAME"
    case .path: "PATH"
    case .prose: "TEXT"
    }
  }

  static let longestPath = 4096
  static let longestProse = 16_384
}

/// An interval of numbers, each end of which belongs to it or not.
public struct OptionInterval: Sendable, Equatable, CustomStringConvertible {
  /// The lower end.
  public let lower: Double
  /// The upper end.
  public let upper: Double
  /// Whether ``lower`` itself lies outside.
  public let excludesLower: Bool
  /// Whether ``upper`` itself lies outside.
  public let excludesUpper: Bool

  /// From `lower` to `upper`, both included.
  public static func closed(_ lower: Double, _ upper: Double) -> OptionInterval {
    OptionInterval(lower: lower, upper: upper, excludesLower: false, excludesUpper: false)
  }

  /// From `lower`, included, up to `upper`, excluded.
  public static func below(_ upper: Double, from lower: Double) -> OptionInterval {
    OptionInterval(lower: lower, upper: upper, excludesLower: false, excludesUpper: true)
  }

  /// From `lower`, excluded, to `upper`, included.
  public static func above(_ lower: Double, upTo upper: Double) -> OptionInterval {
    OptionInterval(lower: lower, upper: upper, excludesLower: true, excludesUpper: false)
  }

  /// Whether `value` lies inside.
  public func contains(_ value: Double) -> Bool {
    (excludesLower ? value > lower : value >= lower) && (excludesUpper ? value < upper : value <= upper)
  }

  /// Such as `above 0 and at most 10`.
  public var description: String {
    let from = lower.optionText
    let to = upper.optionText
    return excludesLower || excludesUpper
      ? "\(excludesLower ? "above" : "from") \(from) and \(excludesUpper ? "below" : "at most") \(to)"
      : "from \(from) to \(to)"
  }
}
