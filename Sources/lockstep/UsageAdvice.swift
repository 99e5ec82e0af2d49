import ArgumentParser
import Platform
import Training

/// What is likely meant by words that do not parse.
enum UsageAdvice {
  /// The commands that take `key=value` words.
  private static let commandsWithKeys = ["train", "launch", "sample", "evaluate", "bench", "plan"]

  /// One line, not yet escaped for a terminal; nil where nothing is likely.
  /// - Parameter words: what follows the program's name.
  static func text(_ words: [String]) -> String? {
    guard let command = words.first, command != "help", !command.hasPrefix("-") else { return nil }
    if let advice = unknownCommand(words) ?? longDash(in: words) ?? singleDash(in: words) { return advice }
    return (commandsWithKeys.contains(command) ? dashedKey(in: words) : nil) ?? negativeNumber(in: words)
  }

  /// What is wrong with words that may well parse, and mean something else.
  static func beforeParsing(_ words: [String]) -> String? {
    // Help on what there is not would be that of the whole program.
    if words.first == "help", words.count > 1, !words[1].hasPrefix("-"), words[1] != "help" {
      return unknownCommand(words.dropFirst())
    }
    return longDash(in: words) ?? spacedValue(in: words) ?? notUTF8(in: words)
  }

  /// Whether the program was given an option that its command does not have.
  static var hasUnknownOption: Bool {
    let words = CommandLine.arguments.dropFirst()
    guard let command = words.first else { return false }
    return words.contains { $0.hasPrefix("--") && $0 != "--" && !isOption($0, of: command) }
  }

  /// What is no UTF-8 has come with this character instead, and would be another name.
  private static func notUTF8(in words: [String]) -> String? {
    words.first { $0.unicodeScalars.contains("\u{FFFD}") }
      .map { "\($0.shortened) is no UTF-8; rename the file or folder, as convmv does" }
  }

  /// `steps= 20` for `steps=20`: what stands alone may pass for a path. Words for people may be empty.
  private static func spacedValue(in words: [String]) -> String? {
    guard let command = words.first, commandsWithKeys.contains(command) else { return nil }
    for (word, next) in zip(words, words.dropFirst()) where word.hasSuffix("=") {
      guard !next.contains("="), !next.hasPrefix("-"), OptionSchema.hasValue(String(word.dropLast()))
      else { continue }
      return "there is a space behind \(word); write \(word)\(next)"
    }
    return nil
  }

  /// An option behind a dash that no keyboard has, as one copied from a text does: such a word may pass for a
  /// path or a recipe.
  private static func longDash(in words: [String]) -> String? {
    for word in words.dropFirst() where word.first.map({ "–—−".contains($0) }) == true {
      let name = word.drop { "–—−-".contains($0) }
      let option = (name.prefix { $0 != "=" }.count == 1 ? "-" : "--") + name
      guard isOption(option, of: words[0]) else { continue }
      return "\(word) begins with a long dash; write \(option)"
    }
    return nil
  }

  /// `-run` for `--run`.
  private static func singleDash(in words: [String]) -> String? {
    for word in words.dropFirst() where word.hasPrefix("-") && !word.hasPrefix("--") {
      if word == "-np", words[0] == "launch" { return "-np is mpirun's; write -n" }
      guard isOption("-\(word)", of: words[0]) else { continue }
      return "\(word) has one dash; write -\(word)"
    }
    return nil
  }

  /// `--count -3`: what begins with a dash is no value to the parser, and no option takes less than 0.
  private static func negativeNumber(in words: [String]) -> String? {
    for (option, value) in zip(words, words.dropFirst())
    where value.hasPrefix("-") && Double(value) != nil && isOption(option, of: words[0]) {
      let command = words[0] == "data" ? words.prefix(2).joined(separator: " ") : words[0]
      return "\(option) takes no negative number, as \(value) is; "
        + "`lockstep \(command) --help` tells what it takes"
    }
    return nil
  }

  /// Whether a command has an option, as its help says.
  private static func isOption(_ option: String, of command: String) -> Bool {
    guard let type = Lockstep.configuration.subcommands.first(where: { name($0) == command }) else {
      return false
    }
    // `  -o, --output <output>   What it is.`
    func names(_ type: any ParsableCommand.Type) -> [Substring] {
      Lockstep.helpMessage(for: type).split(separator: "\n").map { $0.drop { $0 == " " } }
        .filter { $0.hasPrefix("-") }
        .flatMap { $0.split { $0 == " " || $0 == "," }.prefix { $0.hasPrefix("-") || $0.hasPrefix("<") } }
        + type.configuration.subcommands.flatMap(names)
    }
    // What launch is given for train.
    let known = names(type) + (command == "launch" ? names(Train.self) : [])
    return known.contains(option.prefix { $0 != "=" })
  }

  /// What a command is called: by its type, unless it says otherwise.
  private static func name(_ type: any ParsableCommand.Type) -> String {
    type.configuration.commandName ?? "\(type)".lowercased()
  }

  /// Nil of a command, be it one that is not listed, and of what follows one that has no further ones.
  private static func unknownCommand(_ words: some Sequence<String>) -> String? {
    var (type, path): (any ParsableCommand.Type, String) = (Lockstep.self, "")
    for word in words.prefix(while: { !$0.hasPrefix("-") }) {
      let types = type.configuration.subcommands
      guard !types.isEmpty else { return nil }
      if let next = types.first(where: { name($0) == word }) {
        (type, path) = (next, path + word + " ")
        continue
      }
      let commands = types.filter { $0.configuration.shouldDisplay }.map(name)
      let near = OptionSuggestions(words: commands).nearest(to: word)
      return "there is no command \(path)\(word.shortened)"
        + (near.isEmpty
          ? "; the commands are \(Prose.list(commands)), and `lockstep \(path)--help` tells what they do"
          : "; did you mean \(path)\(Prose.alternatives(near))?")
    }
    return nil
  }

  /// A key of a recipe that was written as if it were an option: `--steps 20` for `steps=20`.
  private static func dashedKey(in words: [String]) -> String? {
    // Some keys are options too, as --seed of sample.
    for (place, word) in words.enumerated() where word.hasPrefix("-") && !isOption(word, of: words[0]) {
      let parts = word.drop { $0 == "-" }
        .split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard let first = parts.first, let key = OptionSchema.path(of: String(first)) else { continue }
      var value = parts.count > 1 ? String(parts[1]) : "VALUE"
      var written = word
      if parts.count == 1, place + 1 < words.count, !words[place + 1].contains("="),
        !words[place + 1].hasPrefix("--")
      {
        value = words[place + 1]
        written += " \(value)"
      }
      return "\(key) is a key, not an option; write \(key)=\(value) instead of \(written)"
    }
    return nil
  }
}
