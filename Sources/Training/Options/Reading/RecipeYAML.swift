import Platform
import Yams

/// A recipe's text as a tree, before anything is known about keys.
struct RecipeYAML {
  /// The root, or `nil` for a text without a document.
  let root: Node?
  /// Keys that were overwritten because they stand in one mapping twice; see ``key(of:)``.
  private let overwritten: [Position: String]
  /// Keeps the anchors alive to which nodes refer weakly.
  private let parser: Parser

  static let longestFile = 1_048_576

  private struct Position: Hashable {
    let line: Int
    let column: Int
  }

  /// Parses `bytes`. Never traps, and takes time in proportion to the length, whatever they hold.
  ///
  /// - Parameter label: what the text is called in messages.
  /// - Throws: ``OptionsError`` of one problem if the bytes are too many, not UTF-8 or not one YAML document,
  ///   or hold anchors, aliases or tags.
  init(_ bytes: [UInt8], label: String) throws(OptionsError) {
    guard bytes.count <= Self.longestFile else {
      throw Self.refusal(
        "the recipe is larger than \(Self.longestFile) bytes", .recipe(label), "give a recipe, a page of YAML"
      )
    }
    guard let decoded = String(validating: bytes, as: UTF8.self) else {
      throw Self.refusal("the recipe is not UTF-8", .recipe(label), "save it as UTF-8")
    }
    try Self.refuseAliases(bytes, label)
    // The parser keeps a pointer into the string beyond the call that lent it, which short strings do not
    // survive: the line breaks make every string a long one.
    var scalars = Array(decoded.unicodeScalars)
    if scalars.first == "\u{FEFF}" { scalars.removeFirst() }
    scalars += Array(repeating: "\n", count: 16)
    var overwritten: [Position: String] = [:]
    // The parser stops at the first key that stands in a mapping twice. To find the other problems too, one
    // of the two is overwritten by as many private characters, and the parser started again,
    // as often as the text is short enough for.
    while true {
      var text = ""
      text.unicodeScalars.append(contentsOf: scalars)
      do {
        let parser = try Parser(yaml: text, resolver: .basic, encoding: .utf8)
        root = try parser.singleRoot()
        self.parser = parser
        self.overwritten = overwritten
        break
      } catch YamlError.duplicatedKeysInMapping(let duplicates, let context) {
        let position = Position(line: context.mark.line, column: context.mark.column)
        guard overwritten.count < min(16, Self.longestFile / scalars.count), let key = duplicates.first,
          Self.overwrite(key, at: position, in: &scalars, with: overwritten.count)
        else {
          throw Self.refusal(
            "a key is given twice: \((duplicates.first ?? "").quoted)",
            .position(recipe: label, line: position.line, column: position.column), "keep one of them")
        }
        overwritten[position] = key
      } catch {
        throw Self.refusal(error, label)
      }
    }
  }

  /// The text of a key, or `nil` for a key that is not a scalar.
  func key(of node: Node) -> String? {
    guard case .scalar(let scalar) = node else { return nil }
    if let mark = scalar.mark, let key = overwritten[Position(line: mark.line, column: mark.column)] {
      return key
    }
    return scalar.string
  }

  /// Overwrites `key` where it stands at `position`, quoted or not. False if something else stands there.
  private static func overwrite(
    _ key: String, at position: Position, in scalars: inout [Unicode.Scalar], with number: Int
  ) -> Bool {
    let key = Array(key.unicodeScalars)
    guard !key.isEmpty, var start = offset(of: position, in: scalars),
      let filler = Unicode.Scalar(UInt32(0xE000 + number))
    else { return false }
    if scalars[start] == "\"" || scalars[start] == "'" { start += 1 }
    guard scalars[start...].starts(with: key) else { return false }
    for index in start..<start + key.count { scalars[index] = filler }
    return true
  }

  /// The offset of a line and column as libYAML counts them.
  private static func offset(of position: Position, in scalars: [Unicode.Scalar]) -> Int? {
    var line = 1
    var index = 0
    while line < position.line {
      guard index < scalars.count else { return nil }
      let isBreak = "\r\n\u{85}\u{2028}\u{2029}".unicodeScalars.contains(scalars[index])
      if scalars[index] == "\r", index + 1 < scalars.count, scalars[index + 1] == "\n" { index += 1 }
      if isBreak { line += 1 }
      index += 1
    }
    let offset = index + position.column - 1
    return scalars.indices.contains(offset) ? offset : nil
  }

  /// Refuses a text with so many aliases that comparing its keys could take exponential time. The few that
  /// pass are refused with their position when the tree is read.
  private static func refuseAliases(_ bytes: [UInt8], _ label: String) throws(OptionsError) {
    var aliases = 0
    for index in bytes.indices.dropLast() where bytes[index] == UInt8(ascii: "*") {
      let next = bytes[index + 1]
      if next > UInt8(ascii: " "), next != UInt8(ascii: "*") { aliases += 1 }
    }
    if aliases > 16 {
      throw refusal(
        "the recipe holds \(aliases) words that begin with *, as aliases do", .recipe(label),
        "write values out, without aliases")
    }
  }

  private static func refusal(_ error: any Error, _ label: String) -> OptionsError {
    func at(_ mark: Mark) -> OptionOrigin { .position(recipe: label, line: mark.line, column: mark.column) }
    switch error {
    case YamlError.scanner(_, let problem, let mark, _), YamlError.parser(_, let problem, let mark, _),
      YamlError.composer(_, let problem, let mark, _):
      let advice =
        if problem.contains("cannot start any token") {
          "indent with spaces, as a tab may not, and put quotes around text that begins with @, ` or %"
        } else if problem.contains("expected ':'") {
          "write key: value there, or in the line before"
        } else {
          "correct the text there"
        }
      return refusal("the recipe is not YAML: \(problem)", at(mark), advice)
    case YamlError.reader(let problem, _, _, _):
      return refusal("the recipe is not text: \(problem)", .recipe(label), "give a recipe in YAML")
    default:
      return refusal("the recipe cannot be parsed", .recipe(label), "give a recipe in YAML")
    }
  }

  private static func refusal(_ what: String, _ origin: OptionOrigin, _ advice: String) -> OptionsError {
    OptionsError(.configuration, [OptionProblem(what: what, origin: origin, advice: advice)])
  }
}
