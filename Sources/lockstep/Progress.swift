import Platform

/// How far a command is that takes long.
enum Progress {
  /// One line for people on standard error, without the word that errors begin with: `lockstep launch` takes
  /// a line with it for the cause of the end.
  static func note(_ text: String) {
    _ = writeAll(Array("\(TerminalText.escaped(text))\n".utf8), to: 2)
  }
}
