/// Writes JSON in the order of the calls, so that equal values give equal bytes.
package struct JSONWriter {
  /// How the members of an object or array stand.
  package enum Layout {
    /// Each on a line of its own.
    case lines
    /// On one line, with spaces between them.
    case oneLine
    /// On one line, without spaces.
    case compact
  }

  /// How characters are written that a string cannot hold as they are.
  package enum Escapes {
    /// Control characters below space by their number.
    case numbers
    /// Line breaks and tabs by their letter; other control characters by their number, DEL and C1 too, so
    /// that the text can be shown on a terminal.
    case terminal
  }

  package private(set) var bytes: [UInt8] = []
  private let escapes: Escapes
  private var open: [(layout: Layout, isEmpty: Bool)] = []

  /// A writer of one value.
  package init(_ escapes: Escapes) {
    self.escapes = escapes
  }

  /// Writes an object whose fields `body` writes.
  package mutating func object(_ layout: Layout = .lines, _ body: (inout JSONWriter) -> Void) {
    nest(in: "{", "}", layout, body)
  }

  /// Writes an array whose elements `body` writes, each after ``element()``.
  package mutating func array(_ layout: Layout = .lines, _ body: (inout JSONWriter) -> Void) {
    nest(in: "[", "]", layout, body)
  }

  /// Starts the next element of an array.
  package mutating func element() {
    let isFirst = open[open.count - 1].isEmpty
    open[open.count - 1].isEmpty = false
    if !isFirst { append(",") }
    switch open[open.count - 1].layout {
    case .lines: newLine()
    case .oneLine: if !isFirst { append(" ") }
    case .compact: break
    }
  }

  /// Starts the next field of an object: its key and the colon.
  package mutating func key(_ key: String) {
    element()
    value(key)
    append(open[open.count - 1].layout == .compact ? ":" : ": ")
  }

  /// Writes a string.
  package mutating func value(_ text: String) {
    append("\"")
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": append("\\\"")
      case "\\": append("\\\\")
      case "\n" where escapes == .terminal: append("\\n")
      case "\r" where escapes == .terminal: append("\\r")
      case "\t" where escapes == .terminal: append("\\t")
      case "\0"..."\u{1F}": append("\\u" + Digits.padded(scalar.value, to: 4, radix: 16))
      case "\u{7F}"..."\u{9F}" where escapes == .terminal:
        append("\\u" + Digits.padded(scalar.value, to: 4, radix: 16))
      default: bytes.append(contentsOf: scalar.utf8)
      }
    }
    append("\"")
  }

  /// Writes an integer.
  package mutating func value(_ integer: Int) {
    append(String(integer))
  }

  /// Writes the shortest text that reads back as the same number of its type, in every locale; it always has
  /// a point or an exponent, so that it does not read back as an integer.
  /// - Precondition: `number` is finite.
  package mutating func value(_ number: some BinaryFloatingPoint & CustomStringConvertible) {
    precondition(number.isFinite, "JSON has no \(number)")
    append(number.description)
  }

  /// Writes a word without quotes, such as `null`.
  package mutating func word(_ word: String) {
    append(word)
  }

  /// Ends the text with a line feed.
  package mutating func endLine() {
    append("\n")
  }

  private mutating func nest(
    in opening: String, _ closing: String, _ layout: Layout, _ body: (inout JSONWriter) -> Void
  ) {
    append(opening)
    open.append((layout, true))
    body(&self)
    let closed = open.removeLast()
    if case .lines = closed.layout, !closed.isEmpty { newLine() }
    append(closing)
  }

  private mutating func newLine() {
    append("\n" + String(repeating: "  ", count: open.count))
  }

  private mutating func append(_ text: String) {
    bytes.append(contentsOf: text.utf8)
  }
}
