import ArgumentParser
import Platform
import Reporting
import Training

/// What is likely meant by words that do not parse.
enum UsageAdvice {
  /// The commands that take `key=value` words.
  private static let commandsWithKeys = ["train", "launch", "evaluate", "bench", "plan"]

  /// One line; nil where nothing is likely.
  /// - Parameter words: what follows the program's name.
  static func text(_ words: [String]) -> String? {
    guard let command = words.first, command != "help", !command.hasPrefix("-") else { return nil }
    let commands = Lockstep.configuration.subcommands
      .filter { $0.configuration.shouldDisplay }
      .map { $0.configuration.commandName ?? "\($0)".lowercased() }
    guard commands.contains(command) else { return unknown(command, among: commands) }
    return commandsWithKeys.contains(command) ? dashedKey(in: words) : nil
  }

  private static func unknown(_ word: String, among commands: [String]) -> String {
    let near = OptionSuggestions(words: commands).nearest(to: word)
    return "there is no command \(word.shortened)"
      + (near.isEmpty
        ? "; the commands are \(Prose.list(commands)), and `lockstep --help` tells what they do"
        : "; did you mean \(Prose.alternatives(near))?")
  }

  /// A key of a recipe that was written as if it were an option: `--steps 20` for `steps=20`.
  private static func dashedKey(in words: [String]) -> String? {
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
