import Yams

/// What somebody wrote for one key.
struct OptionEntry: Sendable, Equatable {
  /// What stands there.
  enum Content: Sendable, Equatable {
    case value(WrittenValue)
    case list
    case group
  }

  /// The dotted path.
  let path: String
  let content: Content
  /// Where the key is written.
  let keyOrigin: OptionOrigin
  /// Where its value is written.
  let origin: OptionOrigin
}

/// The entries of a recipe in their order: a group before the keys in it.
struct OptionEntries {
  private(set) var list: [OptionEntry] = []
  private(set) var problems = OptionProblems()
  private var firstOrigins: [String: OptionOrigin] = [:]
  private let label: String
  private let yaml: RecipeYAML

  /// Reads the tree of a recipe called `label`.
  init(_ yaml: RecipeYAML, label: String) {
    self.label = label
    self.yaml = yaml
    guard let root = yaml.root else { return }
    switch root {
    case .mapping(let mapping): read(mapping, in: "", depth: 0)
    case .scalar(let scalar) where scalar.string.isEmpty && scalar.anchor == nil: break
    default:
      problems.add(
        "the recipe is not a list of keys", origin(root, .recipe(label)), "write lines such as `batch: 64`")
    }
  }

  private static let deepest = 8

  private mutating func read(_ mapping: Node.Mapping, in group: String, depth: Int) {
    guard accept(.mapping(mapping), .recipe(label)) else { return }
    for (key, value) in mapping {
      let keyOrigin = origin(key, .recipe(label))
      guard accept(key, keyOrigin, isKey: true) else { continue }
      guard let name = yaml.key(of: key), !name.isEmpty else {
        problems.add("a key is empty or not a word", keyOrigin, "write a key such as `batch`")
        continue
      }
      let path = group.isEmpty ? name : "\(group).\(name)"
      let valueOrigin = origin(value, keyOrigin)
      guard accept(value, valueOrigin) else { continue }
      if let first = firstOrigins[path] {
        problems.add("\(path.shortened) is given twice", keyOrigin, "keep this one or the one at \(first)")
        continue
      }
      firstOrigins[path] = keyOrigin
      add(path, value, keyOrigin, valueOrigin, depth)
    }
  }

  private mutating func add(
    _ path: String, _ value: Node, _ keyOrigin: OptionOrigin, _ origin: OptionOrigin, _ depth: Int
  ) {
    func entry(_ content: OptionEntry.Content) -> OptionEntry {
      OptionEntry(path: path, content: content, keyOrigin: keyOrigin, origin: origin)
    }
    switch value {
    case .scalar(let scalar):
      let isQuoted = scalar.style != .plain
      let isNull = !isQuoted && ["", "~", "null", "Null", "NULL"].contains(scalar.string)
      list.append(entry(.value(WrittenValue(text: isNull ? "" : scalar.string, isQuoted: isQuoted))))
    case .mapping(let mapping):
      list.append(entry(.group))
      if depth < Self.deepest { read(mapping, in: path, depth: depth + 1) }
    case .sequence, .alias:
      list.append(entry(.list))
    }
  }

  /// Refuses what would make a node mean something other than its characters.
  private mutating func accept(_ node: Node, _ fallback: OptionOrigin, isKey: Bool = false) -> Bool {
    if node.anchor != nil {
      problems.add("an anchor (&) or alias (*)", origin(node, fallback), "write the value out")
      return false
    }
    // A plain scalar has an empty tag, but a key that was compared with other keys that of a string.
    let untagged = isKey ? ["", Tag.Name.str.rawValue] : [""]
    if case .scalar(let scalar) = node, scalar.style == .plain,
      !untagged.contains(scalar.tag.description) || scalar.string == "<<"
    {
      problems.add("a tag (!) or merge key (<<)", origin(node, fallback), "write the value without it")
      return false
    }
    return true
  }

  private func origin(_ node: Node, _ fallback: OptionOrigin) -> OptionOrigin {
    guard let mark = node.mark else { return fallback }
    return .position(recipe: label, line: mark.line, column: mark.column)
  }
}

extension [OptionEntry] {
  /// What stands last at a path; nil where it is no value.
  func written(at path: String) -> WrittenValue? {
    guard case .value(let written)? = last(where: { $0.path == path })?.content else { return nil }
    return written
  }
}
