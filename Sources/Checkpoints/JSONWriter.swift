import Platform

/// Writes JSON in the order of the calls, so that equal values give equal bytes.
struct JSONWriter {
  /// Whether the members of an object or array stand on lines of their own.
  enum Layout {
    case lines
    case oneLine
  }

  private(set) var bytes: [UInt8] = []
  private var open: [(layout: Layout, isEmpty: Bool)] = []

  /// Writes an object whose fields `body` writes.
  mutating func object(_ layout: Layout = .lines, _ body: (inout JSONWriter) -> Void) {
    nest(in: "{", "}", layout, body)
  }

  /// Writes an array whose elements `body` writes, each after ``element()``.
  mutating func array(_ layout: Layout = .lines, _ body: (inout JSONWriter) -> Void) {
    nest(in: "[", "]", layout, body)
  }

  /// Starts the next element of an array.
  mutating func element() {
    let isFirst = open[open.count - 1].isEmpty
    open[open.count - 1].isEmpty = false
    if !isFirst { append(",") }
    switch open[open.count - 1].layout {
    case .lines: newLine()
    case .oneLine: if !isFirst { append(" ") }
    }
  }

  /// Starts the next field of an object: its key and the colon.
  mutating func key(_ key: String) {
    element()
    value(key)
    append(": ")
  }

  /// Writes a string.
  mutating func value(_ text: String) {
    append("\"")
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "\""): append("\\\"")
      case UInt8(ascii: "\\"): append("\\\\")
      case 0..<0x20:
        append("\\u" + Digits.padded(byte, to: 4, radix: 16))
      default: bytes.append(byte)
      }
    }
    append("\"")
  }

  /// Writes an integer.
  mutating func value(_ integer: Int) {
    append(String(integer))
  }

  /// Writes the shortest text that reads back as the same number; it always has a point or an exponent, so
  /// that it does not read back as an integer.
  /// - Precondition: `number` is finite.
  mutating func value(_ number: Double) {
    precondition(number.isFinite, "JSON has no \(number)")
    append(number.description)
  }

  /// Ends the text with a line feed.
  mutating func endLine() {
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
