/// Words as a POSIX shell reads them back.
package enum ShellWord {
  /// The word in single quotes, whatever it holds.
  package static func quoted(_ word: String) -> String {
    "'" + word.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
  }

  /// The word as a person would type it: in quotes only if it needs them.
  package static func typed(_ word: String) -> String {
    let isPlain = word.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "-_=./:,+@%".contains($0)) }
    return isPlain && !word.isEmpty ? word : quoted(word)
  }
}
