/// Why a text is not the JSON that was asked for, and at which byte.
package struct JSONError: Error, Equatable {
  package let reason: String
  /// Counted from the start of the bytes, whatever part of them is read.
  package let offset: Int
}

/// A strict pull parser (RFC 8259) over untrusted bytes. It builds no tree: the caller asks for what it
/// expects, so memory is bounded by what the caller keeps. Repeated keys, invalid UTF-8, lone surrogates,
/// numbers that do not fit and nesting beyond a limit are errors.
package struct JSONReader {
  private let bytes: [UInt8]
  private let end: Int
  /// The next byte to be read.
  package private(set) var position: Int
  private var depth = 0
  private let maximumDepth: Int

  /// A reader of `range` of `bytes`.
  package init(_ bytes: [UInt8], range: Range<Int>, maximumDepth: Int = 16) {
    self.bytes = bytes
    self.maximumDepth = maximumDepth
    position = range.lowerBound
    end = range.upperBound
  }

  /// A number, with integers kept exact.
  package enum Number: Equatable {
    case integer(Int)
    case real(Double)
  }

  package func failure(_ reason: String) -> JSONError {
    JSONError(reason: reason, offset: position)
  }

  /// The next byte that is no white space, without reading it.
  package mutating func peek() -> UInt8? {
    while position < end, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[position]) { position += 1 }
    return position < end ? bytes[position] : nil
  }

  private mutating func nextPosition() -> Int {
    _ = peek()
    return position
  }

  private mutating func take(_ byte: UInt8) -> Bool {
    guard peek() == byte else { return false }
    position += 1
    return true
  }

  private mutating func expect(_ byte: UInt8) throws(JSONError) {
    guard take(byte) else { throw failure("expected '\(Character(UnicodeScalar(byte)))'") }
  }

  /// Reads an object; `field` is called at each value, with its key, and must read it.
  package mutating func object(
    _ field: (inout JSONReader, String) throws(JSONError) -> Void
  ) throws(JSONError) {
    try enter(UInt8(ascii: "{"))
    defer { depth -= 1 }
    if take(UInt8(ascii: "}")) { return }
    var seen: Set<String> = []
    repeat {
      let start = nextPosition()
      let key = try string()
      guard seen.insert(key).inserted else {
        throw JSONError(reason: "the key \"\(key)\" is there twice", offset: start)
      }
      try expect(UInt8(ascii: ":"))
      try field(&self, key)
    } while take(UInt8(ascii: ","))
    try expect(UInt8(ascii: "}"))
  }

  /// Reads an array; `element` is called at each element and must read it.
  package mutating func array(_ element: (inout JSONReader) throws(JSONError) -> Void) throws(JSONError) {
    try enter(UInt8(ascii: "["))
    defer { depth -= 1 }
    if take(UInt8(ascii: "]")) { return }
    repeat { try element(&self) } while take(UInt8(ascii: ","))
    try expect(UInt8(ascii: "]"))
  }

  private mutating func enter(_ bracket: UInt8) throws(JSONError) {
    try expect(bracket)
    depth += 1
    guard depth <= maximumDepth else { throw failure("nested more than \(maximumDepth) deep") }
  }

  /// Reads a number.
  package mutating func number() throws(JSONError) -> Number {
    let start = nextPosition()
    func digits() -> Int {
      var count = 0
      while position + count < end, (0x30...0x39).contains(bytes[position + count]) { count += 1 }
      return count
    }
    func next(_ candidates: String) -> Bool {
      position < end && candidates.utf8.contains(bytes[position])
    }
    if next("-") { position += 1 }
    let whole = digits()
    guard whole > 0, whole == 1 || bytes[position] != UInt8(ascii: "0") else {
      throw failure("expected a number")
    }
    position += whole
    var isInteger = true
    if next(".") {
      isInteger = false
      position += 1
      let fraction = digits()
      guard fraction > 0 else { throw failure("expected a digit") }
      position += fraction
    }
    if next("eE") {
      isInteger = false
      position += 1
      if next("+-") { position += 1 }
      let exponent = digits()
      guard exponent > 0 else { throw failure("expected a digit") }
      position += exponent
    }
    let text = String(decoding: bytes[start..<position], as: UTF8.self)
    if isInteger, let value = Int(text) { return .integer(value) }
    if !isInteger, let value = Double(text), value.isFinite { return .real(value) }
    throw JSONError(reason: "the number \(text.prefix(40)) does not fit", offset: start)
  }

  /// Reads a whole number that is not negative.
  package mutating func count() throws(JSONError) -> Int {
    let start = nextPosition()
    guard case .integer(let value) = try number(), value >= 0 else {
      throw JSONError(reason: "expected a whole number, not negative", offset: start)
    }
    return value
  }

  /// Reads any value and forgets it.
  package mutating func skip() throws(JSONError) {
    switch peek() {
    case UInt8(ascii: "{"): try object { (reader, _) throws(JSONError) in try reader.skip() }
    case UInt8(ascii: "["): try array { (reader) throws(JSONError) in try reader.skip() }
    case UInt8(ascii: "\""): _ = try string()
    case UInt8(ascii: "t"): try word("true")
    case UInt8(ascii: "f"): try word("false")
    case UInt8(ascii: "n"): try word("null")
    default: _ = try number()
    }
  }

  /// Reads a word without quotes, such as `null`.
  package mutating func word(_ word: String) throws(JSONError) {
    guard bytes[position..<end].starts(with: word.utf8) else { throw failure("expected \(word)") }
    position += word.utf8.count
  }

  /// Accepts only white space up to the end of the range.
  package mutating func finish() throws(JSONError) {
    if peek() != nil { throw failure("text after the end of the object") }
  }

  /// Reads a string.
  package mutating func string() throws(JSONError) -> String {
    try expect(UInt8(ascii: "\""))
    let start = position
    var decoded: [UInt8] = []
    while position < end {
      let byte = bytes[position]
      position += 1
      switch byte {
      case UInt8(ascii: "\""):
        guard let text = String(validating: decoded, as: UTF8.self) else {
          throw JSONError(reason: "a string is not UTF-8", offset: start)
        }
        return text
      case UInt8(ascii: "\\"):
        decoded.append(contentsOf: String(try escape()).utf8)
      case 0..<0x20:
        position -= 1
        throw failure("a control character in a string")
      default: decoded.append(byte)
      }
    }
    throw failure("a string without end")
  }

  private mutating func escape() throws(JSONError) -> Unicode.Scalar {
    guard position < end else { throw failure("a string without end") }
    let byte = bytes[position]
    position += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(byte)
    case UInt8(ascii: "b"): return "\u{8}"
    case UInt8(ascii: "f"): return "\u{C}"
    case UInt8(ascii: "n"): return "\n"
    case UInt8(ascii: "r"): return "\r"
    case UInt8(ascii: "t"): return "\t"
    case UInt8(ascii: "u"): return try unicodeEscape()
    default:
      position -= 1
      throw failure("an unknown escape in a string")
    }
  }

  private mutating func unicodeEscape() throws(JSONError) -> Unicode.Scalar {
    let first = try fourHexDigits()
    if let scalar = Unicode.Scalar(first) { return scalar }
    guard first < 0xDC00, position + 1 < end, bytes[position] == UInt8(ascii: "\\"),
      bytes[position + 1] == UInt8(ascii: "u")
    else { throw failure("half a surrogate pair in a string") }
    position += 2
    let second = try fourHexDigits()
    guard (0xDC00...0xDFFF).contains(second),
      let scalar = Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00))
    else { throw failure("half a surrogate pair in a string") }
    return scalar
  }

  private mutating func fourHexDigits() throws(JSONError) -> UInt32 {
    var value: UInt32 = 0
    for _ in 0..<4 {
      guard position < end, let digit = Character(UnicodeScalar(bytes[position])).hexDigitValue else {
        throw failure("expected four hexadecimal digits")
      }
      value = value << 4 | UInt32(digit)
      position += 1
    }
    return value
  }
}
