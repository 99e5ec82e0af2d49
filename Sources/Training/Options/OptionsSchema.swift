/// The table of keys that a run accepts: those of every run, with those of its model family at their places
/// among them.
public struct OptionSchema: Sendable {
  /// The family, or `nil` for the keys that every run has.
  public let family: ModelFamily?
  /// The rows, in the order in which options are written.
  public let keys: [OptionKey]
  /// By path; looked up, never iterated.
  private let index: [String: Int]
  /// Proper prefixes of the paths, such as `checkpoint` and `optimizer.generator`, in the order of the keys.
  let groups: [String]

  /// The table for a family. `nil` gives what can be said before a family is known.
  public init(family: ModelFamily?) {
    self = family.flatMap { Self.tables[$0] } ?? Self.table
  }

  /// Made once: a table of a hundred keys takes longer than what is looked up in it.
  private static let tables = Dictionary(
    uniqueKeysWithValues: ModelFamily.allCases.map { ($0, OptionSchema(family: $0, keys: keys(of: $0))) })
  private static let table = OptionSchema(family: nil, keys: common)

  private init(family: ModelFamily?, keys: [OptionKey]) {
    self.family = family
    self.keys = keys
    index = Dictionary(uniqueKeysWithValues: keys.enumerated().map { ($1.path, $0) })
    var groups: [String] = []
    for key in keys {
      let parts = key.path.split(separator: ".")
      for length in 1..<max(1, parts.count) {
        let group = parts.prefix(length).joined(separator: ".")
        if !groups.contains(group) { groups.append(group) }
      }
    }
    self.groups = groups
  }

  /// The keys of every family, to tell misspelled keys from those of a family that is not known.
  static let vocabulary = {
    var keys: [OptionKey] = []
    for key in ModelFamily.allCases.flatMap({ OptionSchema(family: $0).keys })
    where !keys.contains(where: { $0.path == key.path }) {
      keys.append(key)
    }
    return OptionSchema(family: nil, keys: keys)
  }()

  /// The row of a path.
  public func key(at path: String) -> OptionKey? {
    index[path].map { keys[$0] }
  }

  /// The key of any family that is spelled so, in this or in another case, with or without dashes between
  /// words; nil if there is none.
  package static func path(of word: String) -> String? { key(spelled: word)?.path }

  /// Whether there is a key that is spelled so, see ``path(of:)``, whose value is never empty.
  package static func hasValue(_ word: String) -> Bool {
    key(spelled: word).map { $0.role != .description } ?? false
  }

  private static func key(spelled word: String) -> OptionKey? {
    func folded(_ text: String) -> String {
      String(text.lowercased().filter { $0 != "-" && $0 != "_" })
    }
    let wanted = folded(word)
    return vocabulary.keys.first { folded($0.path) == wanted }
  }

  func isGroup(_ path: String) -> Bool {
    groups.contains(path)
  }

  /// Keys of which exactly one governs: one that is given later replaces the other.
  static let alternatives = (first: "steps", second: "epochs")

  private static func keys(of family: ModelFamily) -> [OptionKey] {
    let declared = family.options
    var keys: [OptionKey] = []
    for key in common {
      let narrowing = declared.narrowings.first { $0.path == key.path }
      keys.append(narrowing.map { key.narrowed(to: $0.type, default: $0.value) } ?? key)
      if key.path == "model.family" { keys += declared.keys }
      if key.path == "stallTimeout" {
        keys += declared.networks.enumerated().map { turnsKey(of: $1, at: $0) }
        keys += initialKeys(of: declared.networks)
        keys += declared.networks.enumerated().flatMap { optimizerKeys(of: $1, at: $0) }
      }
    }
    return keys
  }
}
