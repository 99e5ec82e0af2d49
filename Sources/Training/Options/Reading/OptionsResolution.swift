import Models
import Platform

/// Lays the sources of options over one another: defaults, a recipe, the command line.
struct OptionsResolution {
  /// A value with where it comes from.
  struct Setting {
    let value: OptionValue
    let origin: OptionOrigin
    let layer: Layer
  }

  /// The sources in the order in which a later one wins.
  enum Layer: Int, Comparable {
    case fallback, recipe, commandLine

    static func < (a: Layer, b: Layer) -> Bool { a.rawValue < b.rawValue }
  }

  private(set) var schema = OptionSchema(family: nil)
  private(set) var problems = OptionProblems()
  /// By path; looked up, never iterated.
  private(set) var settings: [String: Setting] = [:]
  /// Paths that were given, with a value that was refused.
  private(set) var refused: Set<String> = []
  /// What a recipe leaves to be said, in words, by path.
  private var requirements: [String: String] = [:]
  let label: String

  /// Resolves a recipe and the words of a command line.
  /// - Parameter readsData: whether data are read; where they are not, none have to be named.
  static func resolve(
    _ source: RecipeSource, overrides: [String], readsData: Bool = true
  ) throws(OptionsError) -> Options {
    let yaml = try RecipeYAML(source.bytes, label: source.label)
    let recipe = OptionEntries(yaml, label: source.label)
    var resolution = OptionsResolution(label: source.label)
    let family = familyName(in: recipe.list, overrides).flatMap(ModelFamily.init(rawValue:))
    resolution.schema = OptionSchema(family: family)
    let (words, wordProblems) = OptionsCommandLine.entries(overrides, schema: resolution.schema)
    if !(recipe.list + words).contains(where: { $0.path == "recipe" }) { resolution.takeName(of: source) }
    resolution.apply(recipe.list, as: .recipe)
    resolution.merge(recipe.problems)
    resolution.apply(words, as: .commandLine)
    resolution.merge(wordProblems)
    if !readsData, !words.contains(where: { $0.path == "data" }) { resolution.standInForData() }
    resolution.fillDefaults()
    resolution.nameOwnData(insteadOf: recipe.list)
    resolution.checkAgreement()
    try resolution.problems.check()
    return resolution.options()
  }

  private init(label: String) {
    self.label = label
  }

  /// The family that the last source names. It has to be known first, because it decides which keys there
  /// are.
  static func familyName(in recipe: [OptionEntry], _ overrides: [String]) -> String? {
    let path = "model.family"
    return OptionsCommandLine.text(of: path, in: overrides) ?? recipe.written(at: path)?.text
  }

  /// The name of a recipe that nobody gives one is its file's.
  private mutating func takeName(of source: RecipeSource) {
    let (path, origin) = ("recipe", OptionOrigin.recipe(source.label))
    guard RecipeName.isValid(source.name) else {
      refused.insert(path)
      problems.add(
        "\(source.name.quoted) is no name for a recipe", origin,
        "rename the file, or add \(path): NAME to it; a name is \(OptionType.name.summary)")
      return
    }
    let name = WrittenValue(text: source.name, isQuoted: false)
    apply([OptionEntry(path: path, content: .value(name), keyOrigin: origin, origin: origin)], as: .recipe)
  }

  private mutating func merge(_ other: OptionProblems) {
    for problem in other.list { problems.add(problem) }
    problems.omit(other.omitted)
  }

  // MARK: Layers

  private mutating func apply(_ entries: [OptionEntry], as layer: Layer) {
    var skipped: String?
    for entry in entries {
      if let skipped, entry.path.hasPrefix(skipped) { continue }
      skipped = nil
      if layer == .recipe, entry.path == "required" || entry.path.hasPrefix("required.") {
        require(entry)
      } else if let key = schema.key(at: entry.path) {
        if !set(key, entry, layer) { skipped = entry.path + "." }
      } else if schema.isGroup(entry.path) {
        checkGroup(entry)
      } else {
        if reportUnknown(entry) { skipped = entry.path + "." }
      }
    }
  }

  /// Takes a value; false if the key holds something that is none.
  private mutating func set(_ key: OptionKey, _ entry: OptionEntry, _ layer: Layer) -> Bool {
    guard case .value(let written) = entry.content else {
      refused.insert(key.path)
      let form = entry.content == .list ? "a list" : "a group of keys"
      problems.add("\(key.path) is \(form)", entry.origin, "give \(key.type.summary)")
      return false
    }
    switch key.type.value(of: written) {
    case .success(let value):
      replaceAlternative(to: key.path, entry, layer)
      // A word that the recipe, or the run, has already is the recipe's, where it may lie idle.
      let isKnown = settings[key.path]?.value == value && settings[key.path]?.layer == .recipe
      settings[key.path] = Setting(value: value, origin: entry.origin, layer: isKnown ? .recipe : layer)
      refused.remove(key.path)
    case .failure(let refusal):
      refused.insert(key.path)
      problems.add(
        OptionProblem(
          setting: "\(key.path)=\(written.shown)", what: refusal.what, origin: entry.origin,
          advice: Self.advice(key, written)))
    }
    return true
  }

  private static func advice(_ key: OptionKey, _ written: WrittenValue) -> String {
    let unit = key.unit.isEmpty ? "" : " (\(key.unit))"
    if case .word(let words) = key.type,
      let near = OptionSuggestions(words: words).nearest(to: written.text).first
    {
      return "did you mean \(near)? Give \(key.type.summary)"
    }
    return "give \(key.type.summary)\(unit)"
  }

  /// `steps` and `epochs` govern alone: in one source they are a contradiction, in two the later one wins.
  private mutating func replaceAlternative(to path: String, _ entry: OptionEntry, _ layer: Layer) {
    let (first, second) = OptionSchema.alternatives
    guard path == first || path == second else { return }
    let other = path == first ? second : first
    if let setting = settings[other], setting.layer == layer {
      problems.add(
        "both \(first) and \(second) are given", entry.keyOrigin,
        "leave out \(path), or \(other) (\(setting.origin))")
      // What follows from the length is not missing beside that.
      refused.formUnion([first, second])
    }
    settings[other] = nil
  }

  // MARK: Unknown keys

  private mutating func checkGroup(_ entry: OptionEntry) {
    guard entry.content != .group else { return }
    let members = schema.keys.filter { $0.path.hasPrefix(entry.path + ".") }.map(\.path)
    problems.add(
      "\(entry.path) is a group of keys, not a key", entry.keyOrigin,
      Self.innerKeys(of: entry.path, schema) ?? "give \(Prose.alternatives(members))")
  }

  /// What may be given of a group all of whose keys are in groups again; nil of any other.
  private static func innerKeys(of group: String, _ schema: OptionSchema) -> String? {
    let keys = schema.keys.map(\.path).filter { $0.hasPrefix(group + ".") }
    let groups = schema.groups.filter { $0.hasPrefix(group + ".") }
    guard let first = keys.first, keys.allSatisfy({ key in groups.contains { key.hasPrefix($0 + ".") } })
    else { return nil }
    return "give a key of \(Prose.alternatives(groups)), such as \(first)"
  }

  /// Reports a key that is none; false if it may belong to a family that is not known. Nobody can tell then,
  /// and the missing family is reported instead.
  private mutating func reportUnknown(_ entry: OptionEntry) -> Bool {
    let vocabulary = schema.family == nil ? .vocabulary : schema
    if vocabulary.key(at: entry.path) != nil || vocabulary.isGroup(entry.path) { return false }
    let kind = entry.content == .group ? "group of keys" : "key"
    problems.add(
      "there is no \(kind) \(entry.path.quoted)", entry.keyOrigin, Self.suggestion(entry, vocabulary))
    return true
  }

  /// Options of the command line that are taken for keys.
  private static let commandOptions = ["run", "from", "resume"]

  private static func suggestion(_ entry: OptionEntry, _ schema: OptionSchema) -> String {
    if commandOptions.contains(entry.path), case .value(let written) = entry.content {
      let value =
        entry.path == "resume" ? "" : " \(written.text.isEmpty ? "FOLDER" : ShellWord.typed(written.text))"
      return "it is an option of `lockstep train`: --\(entry.path)\(value)"
    }
    let others = ModelFamily.allCases.filter { family in
      let other = OptionSchema(family: family)
      return other.key(at: entry.path) != nil || other.isGroup(entry.path)
    }
    // What goes by networks' names has its counterpart here, as a rule.
    let goesByNetworks =
      ["optimizer.", "init."].contains(where: entry.path.hasPrefix)
      || entry.path.hasSuffix("Steps") && !entry.path.contains(".")
    if let family = schema.family, !others.isEmpty, !others.contains(family), !goesByNetworks {
      return "remove it; it is a key of \(Prose.list(others.map(\.rawValue))), not of \(family.rawValue)"
    }
    let parts = entry.path.split(separator: ".")
    let path = parts.dropLast().joined(separator: ".")
    // In a group that there is, what a key of another group is also called means something else.
    let near = OptionSuggestions(schema, groups: entry.content == .group).nearest(to: entry.path)
      .filter { !schema.isGroup(path) || $0.hasPrefix("\(parts[0]).") || $0[...] == parts.last }
    guard near.isEmpty else { return "did you mean \(Prose.alternatives(near))?" }
    if schema.isGroup(path) {
      func members(_ paths: [String]) -> [String] { paths.filter { $0.hasPrefix(path + ".") } }
      let groups = entry.content == .group ? members(schema.groups) : []
      if groups.count == 1 { return "the group of \(path) is \(groups[0])" }
      guard groups.isEmpty else { return "the groups of \(path) are \(Prose.list(groups))" }
      if let advice = innerKeys(of: path, schema) { return advice }
      return "the keys of \(path) are \(Prose.list(members(schema.keys.map(\.path))))"
    }
    return "remove it; `lockstep train --help` lists the keys"
  }

  private mutating func require(_ entry: OptionEntry) {
    switch entry.content {
    case .group: return
    case .value(let written) where entry.path != "required":
      let path = String(entry.path.dropFirst("required.".count))
      guard schema.key(at: path) != nil else {
        problems.add("required names the unknown key \(path.quoted)", entry.keyOrigin, "name a key")
        return
      }
      requirements[path] = written.text
    default:
      problems.add("\(entry.path.shortened) is not a word for what is needed", entry.origin, "write text")
    }
  }

  // MARK: Defaults

  /// Names a path instead of one's own data that the recipe does not name.
  private mutating func standInForData() {
    let path = "data"
    let isOfPairs =
      settings[Pix2PixOptions.kind.key.path].map { ContextRule.Kind($0.value) == .pair } ?? false
    let isNamed = settings[path].map { DataSource($0.value).isPath } ?? false
    guard !isNamed, !refused.contains(path), isOfPairs || requirements[path] != nil else { return }
    derive(path, .text("unread"))
  }

  private mutating func fillDefaults() {
    for key in schema.keys where settings[key.path] == nil && !refused.contains(key.path) {
      if let needed = requirements[key.path] {
        refused.insert(key.path)
        problems.add(
          "\(key.path)= must name \(needed.shortened)", .recipe(label),
          "add \(key.path)=\(key.type.placeholder) to the command line")
        continue
      }
      switch key.fallback {
      case .value(let value): settings[key.path] = Setting(value: value, origin: .fallback, layer: .fallback)
      case .none: break
      case .required:
        refused.insert(key.path)
        problems.add("\(key.path) is missing", .recipe(label), "give \(key.type.summary)")
      }
    }
  }

  /// An embedded recipe's title and description speak of the data that it embeds, of their size, and of what
  /// is made of them: a run on others, or of another kind, is called by its family and its data.
  private mutating func nameOwnData(insteadOf recipe: [OptionEntry]) {
    func isEmbedded(_ path: String, _ text: (Recipe) -> String) -> Bool {
      guard let own = settings[path].map({ String($0.value) }) else { return false }
      return Recipes.all.contains { text($0) == own }
    }
    let (isTitled, isDescribed) = (isEmbedded("title", \.title), isEmbedded("about", \.about))
    guard isTitled || isDescribed, let data = settings["data"], let family = schema.family else { return }
    func own(_ path: String) -> OptionValue? {
      guard let written = recipe.written(at: path),
        case .success(let value)? = schema.key(at: path).map({ $0.type.value(of: written) })
      else { return nil }
      return value
    }
    // What a recipe that embeds none is for is given as a path.
    let areOthers = own("data").map { $0 != data.value } ?? !DataSource(data.value).isPath
    let size = settings["size"]?.value
    func differs(_ path: String) -> Bool { own(path).map { settings[path]?.value != $0 } ?? false }
    let isResized = ["size", "channels"].contains(where: differs)
    let isAnother = ["model.family", "context.kind", "context.factor"].contains(where: differs)
    guard areOthers || isResized || isAnother else { return }
    if isDescribed { derive("about", .text("")) }
    guard isTitled else { return }
    let name = data.value.canonicalText.split(separator: "/").last.map(String.init) ?? ""
    let pixels =
      size.map {
        ", " + Array(repeating: $0.canonicalText, count: family.definition.axes).joined(separator: "x")
      } ?? ""
    derive("title", .text("\(family.rawValue) on \(name)\(isResized ? pixels : "")"))
  }

  mutating func drop(_ path: String) { settings[path] = nil }

  /// Gives a key that nobody gave the value that follows from others.
  mutating func derive(_ path: String, _ value: OptionValue) {
    settings[path] = Setting(value: value, origin: .fallback, layer: .fallback)
  }

  mutating func report(_ what: String, _ origin: OptionOrigin, _ advice: String) {
    problems.add(what, origin, advice)
  }

  private func options() -> Options {
    var options = Options()
    options.optimizers = (schema.family?.options.networks ?? []).map {
      Options.Optimizer(network: $0.network)
    }
    for key in schema.keys { key.write(&options, settings[key.path]?.value) }
    return options
  }
}
