/// Reads the `key=value` words of a command line.
package enum OptionsCommandLine {
  /// What the last of the words that give a key says; nil where none does.
  package static func text(of path: String, in words: [String]) -> String? {
    words.last { $0.hasPrefix("\(path)=") }.map { String($0.dropFirst(path.count + 1)) }
  }

  /// The entries in their order, and what is wrong with the words that are none.
  static func entries(_ words: [String], schema: OptionSchema) -> ([OptionEntry], OptionProblems) {
    var entries: [OptionEntry] = []
    var problems = OptionProblems()
    var given: Set<String> = []
    for word in words {
      guard let equals = word.firstIndex(of: "="), equals != word.startIndex else {
        let origin = OptionOrigin.commandLine(word)
        problems.add(
          "\(word.quoted) has no \(word.hasPrefix("=") ? "key" : "value")", origin,
          schema.key(at: word).map { "write \($0.path)=\($0.type.placeholder)" }
            ?? "write KEY=VALUE, for example batch=64")
        continue
      }
      let path = String(word[..<equals])
      let origin = OptionOrigin.commandLine(path)
      guard given.insert(path).inserted else {
        problems.add(
          "\(path.shortened) is given twice", origin,
          path == "data"
            ? "keep one of them; a shell expands names with a range unless they are quoted: 'data=shard-{000..007}.tar'"
            : "keep one of them")
        continue
      }
      let value = WrittenValue(text: String(word[word.index(after: equals)...]), isQuoted: false)
      entries.append(OptionEntry(path: path, content: .value(value), keyOrigin: origin, origin: origin))
    }
    return (entries, problems)
  }
}
