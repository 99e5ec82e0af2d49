/// Text from outside (paths, host names, class names) made fit to print.
public enum TerminalText {
  /// `text` with everything that could move the cursor, change colours, break the line or reorder what is
  /// shown written as a Swift escape: `\n`, `\t`, `\u{1B}`.
  public static func escaped(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\n": result += "\\n"
      case "\r": result += "\\r"
      case "\t": result += "\\t"
      case _ where isUnsafe(scalar): result += "\\u{\(String(scalar.value, radix: 16, uppercase: true))}"
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }

  private static func isUnsafe(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    // Format characters include the bidirectional overrides and the zero-width ones.
    case .control, .format, .lineSeparator, .paragraphSeparator: true
    default: false
    }
  }
}
