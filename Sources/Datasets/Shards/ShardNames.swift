import Platform

/// The names that a word with ranges in braces stands for, as WebDataset and the shell expand it:
/// `shard-{000000..000009}.tar`, `{train,extra}-{0..3}.tar`.
enum ShardNames {
  private static let most = 100_000

  /// The names, in order; `word` itself if it has no braces.
  static func expanded(_ word: String) throws(DatasetError) -> [String] {
    guard let open = word.firstIndex(of: "{"), let close = word[open...].firstIndex(of: "}") else {
      return [word]
    }
    let body = word[word.index(after: open)..<close]
    let heads = try alternatives(body, in: word)
    let tails = try expanded(String(word[word.index(after: close)...]))
    guard heads.count * tails.count <= most else { throw refused(word, "stands for more than \(most) names") }
    return heads.flatMap { head in tails.map { word[..<open] + head + $0 } }
  }

  /// Whether a word has braces to expand.
  static func hasRange(_ word: String) -> Bool { word.contains("{") && word.contains("}") }

  private static func alternatives(_ body: Substring, in word: String) throws(DatasetError) -> [String] {
    guard let dots = body.firstIndex(of: "."), body[dots...].hasPrefix("..") else {
      return body.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    }
    let (first, last) = (body[..<dots], body[body.index(dots, offsetBy: 2)...])
    guard let start = number(first), let end = number(last), start <= end, end - start < most else {
      throw refused(word, "has no range of numbers in its braces")
    }
    // A leading zero asks for the width.
    let width = first.hasPrefix("0") || last.hasPrefix("0") ? max(first.count, last.count) : 0
    return (start...end).map { Digits.padded($0, to: width) }
  }

  private static func number(_ text: Substring) -> Int? {
    text.utf8.allSatisfy { (0x30...0x39).contains($0) } && text.count <= 18 ? Int(text) : nil
  }

  private static func refused(_ word: String, _ why: String) -> DatasetError {
    DatasetError(.missing, "\(FilePath(word)) \(why)", "data", "write shard-{000000..000009}.tar")
  }
}
