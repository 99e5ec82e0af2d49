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
    let advice = [longDash, singleDash, resumedFolder, dashedKey, spacedWord]
    return commandsWithKeys.contains(command) ? advice.lazy.compactMap { $0(words) }.first : nil
  }

  /// Whether a word begins with a dash that no keyboard has, as one copied from a text does.
  static func hasLongDash(_ word: String) -> Bool { word.first.map { "–—−".contains($0) } ?? false }

  private static func longDash(in words: [String]) -> String? {
    words.first(where: hasLongDash).map { word in
      "\(TerminalText.escaped(word)) begins with a long dash; write --"
        + TerminalText.escaped(String(word.drop { hasLongDash(String($0)) || $0 == "-" }))
    }
  }

  /// `-run`; options of one dash have one letter.
  private static func singleDash(in words: [String]) -> String? {
    words.first { $0.count > 2 && $0.hasPrefix("-") && $0.dropFirst().first?.isLetter == true }.map { word in
      word == "-np"
        ? "-np is mpirun's; write -n"
        : "\(TerminalText.escaped(word)) has one dash; write -\(TerminalText.escaped(word))"
    }
  }

  private static func resumedFolder(in words: [String]) -> String? {
    guard let place = words.firstIndex(of: "--resume"), !words.contains("--run"), place + 1 < words.count
    else { return nil }
    let next = words[place + 1]
    guard !next.contains("="), !next.hasPrefix("-") else { return nil }
    return "--resume takes no value; write --run \(TerminalText.escaped(ShellWord.typed(next))) --resume"
  }

  /// A word that belongs to the one before it: `steps= 20`, or a path with a space.
  private static func spacedWord(in words: [String]) -> String? {
    for (word, next) in zip(words, words.dropFirst()) where !next.contains("=") && !next.hasPrefix("-") {
      if word.last == "=", OptionSchema.path(of: String(word.dropLast())) != nil {
        return
          "there is a space behind \(TerminalText.escaped(word)); write \(TerminalText.escaped(word + next))"
      }
      if word.hasPrefix("data=") {
        let whole = TerminalText.escaped(ShellWord.typed("\(word) \(next)"))
        return "\(TerminalText.escaped(next)) stands alone; write \(whole), if it belongs to the path"
      }
    }
    return nil
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
