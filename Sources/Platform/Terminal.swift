import Glibc

/// What may be written to a terminal.
package enum Terminal {
  /// Sends the cursor to the beginning of its line, and clears the line.
  package static let clearedLine = "\r\u{1B}[K"

  /// The present width, in columns, of the terminal behind a file descriptor; nil where lines cannot be
  /// overwritten: in a file, where `TERM` is `dumb`, or where nobody has set a width, as on the terminals that
  /// `mpirun` puts before the standard output of its ranks.
  /// - Parameter environment: looks a variable up.
  package static func columns(of descriptor: Int32, environment: (String) -> String? = Files.environment)
    -> Int?
  {
    var size = winsize()
    guard environment("TERM") != "dumb", ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0
    else { return nil }
    return Int(size.ws_col)
  }

  /// Whether nobody has asked for text without colours (no-color.org).
  package static func wantsColours(environment: (String) -> String? = Files.environment) -> Bool {
    (environment("NO_COLOR") ?? "").isEmpty
  }
}

/// Looks of text on a terminal that understands colours (ECMA-48, SGR).
package enum TerminalStyle: String {
  case bold = "1"
  case faint = "2"
  case red = "31"
  case green = "32"
  case yellow = "33"

  /// `text` between the sequences that switch the look on and everything off.
  package func applied(to text: String) -> String {
    "\u{1B}[\(rawValue)m\(text)\u{1B}[0m"
  }
}

/// The terminal of `lockstep launch`, as the ranks see it: they write to `mpirun`, by way of which no rank has
/// a terminal for its standard error. A rank marks the line that is to stand in the place of the last such
/// line, and the launcher, which alone knows what else was written, puts it there.
package enum LaunchedTerminal {
  /// The variable in which the launcher tells the ranks its terminal's width in columns.
  package static let variable = "LOCKSTEP_COLUMNS"
  /// What a marked line begins with, the record separator; nothing behind it takes the line away.
  package static let mark: Character = "\u{1E}"
}
