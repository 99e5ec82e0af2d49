import Platform
import Reporting
import Training

/// A key of a recipe that was written as if it were an option: `--steps 20` for `steps=20`.
enum DashedKey {
  /// The commands that take `key=value` words.
  private static let commands = ["train", "launch", "evaluate", "bench", "plan"]

  /// What to write instead of the first such word, in one line; nil if there is none.
  /// - Parameter words: what follows the program's name.
  static func advice(_ words: [String]) -> String? {
    guard let command = words.first, commands.contains(command) else { return nil }
    for (place, word) in words.enumerated() where word.hasPrefix("--") {
      let parts = word.dropFirst(2).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard let first = parts.first, let key = OptionSchema.path(of: String(first)) else { continue }
      var value = parts.count > 1 ? String(parts[1]) : "VALUE"
      var written = word
      if parts.count == 1, place + 1 < words.count, !words[place + 1].contains("="),
        !words[place + 1].hasPrefix("--")
      {
        value = words[place + 1]
        written += " \(value)"
      }
      return "\(key) is a key, not an option; write \(TerminalText.escaped("\(key)=\(value)")) instead of "
        + TerminalText.escaped(written)
    }
    return nil
  }
}
