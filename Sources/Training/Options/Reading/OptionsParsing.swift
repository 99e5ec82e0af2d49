/// A value as somebody wrote it.
struct WrittenValue: Sendable, Equatable {
  /// The characters, quotes and escapes undone.
  let text: String
  /// Whether it stood in quotes, which makes it text whatever it looks like.
  let isQuoted: Bool

  /// As a message shows it: in quotes if they or white space matter.
  var shown: String {
    isQuoted || text.contains(where: \.isWhitespace) ? text.quoted : text.shortened
  }
}

/// Why a written value was not taken: "`key=value` " reads on with `what`.
struct OptionRefusal: Error, Equatable {
  let what: String
}

extension OptionType {
  /// Reads a value strictly: one spelling per type, nothing rounded, nothing guessed.
  func value(of written: WrittenValue) -> Result<OptionValue, OptionRefusal> {
    let text = written.text
    switch self {
    case .path: return Self.path(text)
    case .prose: return Self.prose(text)
    case .name: return Self.name(text)
    default: break
    }
    if text.isEmpty && !written.isQuoted { return Self.refuse("has no value") }
    if case .word(let words) = self {
      return words.contains(text) ? .success(.text(text)) : Self.refuse("is not one of the choices")
    }
    if case .words(let words) = self { return Self.words(text, among: words) }
    if written.isQuoted { return Self.refuse("is text, because it is in quotes") }
    switch self {
    case .integer(let range): return Self.integer(text, in: range)
    case .powerOfTwo(let range):
      return Self.integer(text, in: range).flatMap { value in
        let below = 1 << (Int.bitWidth - 1 - Int(value).leadingZeroBitCount)
        if Int(value) == below { return .success(value) }
        return Self.refuse("lies between the powers of two \(below) and \(2 * below)")
      }
    case .oneOf(let values):
      return Self.integer(text, in: Int.min...Int.max).flatMap { value in
        values.contains(Int(value)) ? .success(value) : Self.refuse("is not one of the choices")
      }
    case .automaticOrInteger(let range):
      return text == "auto" ? .success(.automatic) : Self.integer(text, in: range)
    case .number(let interval): return Self.number(text, in: interval)
    case .boolean:
      switch text {
      case "true": return .success(.boolean(true))
      case "false": return .success(.boolean(false))
      default: return Self.refuse("is not a boolean")
      }
    case .path, .prose, .name, .word, .words: preconditionFailure("text was read above")
    }
  }

  private static func refuse(_ what: String) -> Result<OptionValue, OptionRefusal> {
    .failure(OptionRefusal(what: what))
  }

  /// `0`, or an optional minus and digits that do not begin with 0.
  private static func integer(_ text: String, in range: ClosedRange<Int>) -> Result<
    OptionValue, OptionRefusal
  > {
    let digits = text.utf8.first == UInt8(ascii: "-") ? text.utf8.dropFirst() : text.utf8[...]
    guard !digits.isEmpty, digits.allSatisfy(isDigit) else {
      return refuse("is not a whole number")
    }
    if digits.first == UInt8(ascii: "0"), text != "0" {
      return refuse("has a sign or a zero that a whole number does not have")
    }
    guard let value = Int(text), range.contains(value) else {
      return refuse("is out of range")
    }
    return .success(.integer(value))
  }

  /// An optional minus, digits, optionally a point and digits, optionally `e`, a sign and digits.
  private static func number(_ text: String, in interval: OptionInterval) -> Result<
    OptionValue, OptionRefusal
  > {
    var rest = text.utf8[...]
    func digits() -> Substring.UTF8View? {
      let run = rest.prefix(while: isDigit)
      rest = rest.dropFirst(run.count)
      return run.isEmpty ? nil : run
    }
    func skip(_ characters: Character...) -> Bool {
      guard let first = rest.first, characters.contains(Character(Unicode.Scalar(first))) else {
        return false
      }
      rest = rest.dropFirst()
      return true
    }
    let isNegative = skip("-")
    var mantissa: [UInt8] = []
    let notANumber = refuse("is not a number")
    guard let whole = digits() else { return notANumber }
    mantissa += whole
    if skip(".") {
      guard let fraction = digits() else { return notANumber }
      mantissa += fraction
    }
    if skip("e", "E") {
      _ = skip("-", "+")
      guard digits() != nil else { return notANumber }
    }
    guard rest.isEmpty else {
      return rest.first == UInt8(ascii: ",") ? refuse("has a comma where numbers have a point") : notANumber
    }
    if whole.count > 1, whole.first == UInt8(ascii: "0") {
      return refuse("has a zero that a number does not have")
    }
    let isZero = mantissa.allSatisfy { $0 == UInt8(ascii: "0") }
    if isZero && isNegative { return refuse("is a negative zero") }
    guard let value = Double(text), Float(value).isFinite else {
      return refuse("is too large for a 32-bit float")
    }
    if Float(value) == 0 && !isZero {
      return refuse("is so small that it counts as zero in 32 bits")
    }
    return interval.contains(value) ? .success(.number(value)) : refuse("is out of range")
  }

  private static func isDigit(_ byte: UInt8) -> Bool {
    byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9")
  }

  /// The parts of a list of words.
  static func words(in text: String) -> [String] {
    text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
  }

  /// Each word once, in one order however they are written.
  private static func words(
    _ text: String, among words: [String]
  ) -> Result<OptionValue, OptionRefusal> {
    let given = Self.words(in: text)
    if let unknown = given.first(where: { !words.contains($0) }) {
      return refuse("has the unknown word \(unknown.quoted)")
    }
    if Set(given).count < given.count { return refuse("has a word twice") }
    return .success(.text(words.filter(given.contains).joined(separator: ",")))
  }

  private static func path(_ text: String) -> Result<OptionValue, OptionRefusal> {
    if text.isEmpty { return refuse("is empty") }
    if text.utf8.contains(0) { return refuse("holds a NUL") }
    return bounded(text, longestPath)
  }

  private static func prose(_ text: String) -> Result<OptionValue, OptionRefusal> {
    bounded(text, longestProse)
  }

  private static func bounded(_ text: String, _ longest: Int) -> Result<OptionValue, OptionRefusal> {
    // Nothing else that text may hold would be lost on the way through a file.
    if text.unicodeScalars.contains("\u{FEFF}") { return refuse("has a byte order mark") }
    return text.utf8.count <= longest ? .success(.text(text)) : refuse("is \(text.utf8.count) bytes long")
  }

  private static func name(_ text: String) -> Result<OptionValue, OptionRefusal> {
    RecipeName.isValid(text) ? .success(.text(text)) : refuse("is not a name")
  }
}
