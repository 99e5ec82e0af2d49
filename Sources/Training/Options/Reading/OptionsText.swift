extension String {
  /// The text in double quotes, safe to print: control characters, escape sequences and what could reorder a
  /// line become `\u{…}`, and a long text loses its middle.
  package var quoted: String {
    "\"\(shortened)\""
  }

  /// The text without quotes, as ``quoted`` prints it.
  package var shortened: String {
    let limit = 160
    let scalars = unicodeScalars
    // Counting every scalar of a megabyte would be wasted; bytes bound scalars from above.
    guard utf8.count > limit else { return escaped(scalars[...]) }
    let head = scalars.prefix(limit / 2)
    let tail = scalars.suffix(limit / 4)
    guard head.endIndex < tail.startIndex else { return escaped(scalars[...]) }
    return escaped(head) + "…" + escaped(tail)
  }

  private func escaped(_ scalars: Substring.UnicodeScalarView) -> String {
    var result = ""
    for scalar in scalars {
      switch scalar {
      case "\"", "\\": result += "\\\(scalar)"
      case "\n": result += "\\n"
      case "\t": result += "\\t"
      case _ where scalar.isPrintable: result.unicodeScalars.append(scalar)
      default: result += "\\u{\(String(scalar.value, radix: 16))}"
      }
    }
    return result
  }
}

extension Unicode.Scalar {
  /// Whether a terminal shows the scalar as one visible mark or as a plain space, wherever it stands.
  var isPrintable: Bool {
    if isASCII { return value >= 0x20 && value < 0x7F }
    return switch properties.generalCategory {
    case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator,
      .spaceSeparator, .enclosingMark, .nonspacingMark:
      false
    default: true
    }
  }
}

/// What a recipe, and a run after it, may be called.
enum RecipeName {
  /// Whether `text` is 1 to 64 letters, digits, `.`, `_` and `-` of ASCII, and neither `.` nor `..`.
  static func isValid(_ text: String) -> Bool {
    let bytes = text.utf8
    guard (1...64).contains(bytes.count), text != ".", text != ".." else { return false }
    return bytes.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
        true
      default: false
      }
    }
  }
}
