import Glibc
import Platform

/// The text of a recipe and what it is called.
package struct RecipeSource: Sendable {
  /// The name that the run has unless the text says otherwise.
  let name: String
  /// What messages call it: a path, or the name of an embedded file.
  let label: String
  let bytes: [UInt8]

  /// Whether a command line means a file by `argument`: it holds a slash, or ends in `.yaml` or `.yml`, in any
  /// case.
  package static func isFile(_ argument: String) -> Bool {
    argument.contains("/") || ending(of: argument) != nil
  }

  /// Finds what a command line means by `argument`: a file or an embedded recipe.
  package static func find(_ argument: String) throws(OptionsError) -> RecipeSource {
    if isFile(argument) { return try read(argument) }
    if let recipe = Recipes.all.first(where: { $0.name == argument }) { return recipe.source }
    let names = Recipes.names
    var near = OptionSuggestions(words: names).nearest(to: argument)
    if near.isEmpty, !argument.isEmpty { near = names.filter { $0.hasPrefix(argument) } }
    let hint = near.isEmpty ? "give" : "did you mean \(Prose.alternatives(near))? Give"
    throw OptionsError(
      .configuration,
      [
        OptionProblem(
          what: "there is no recipe \(argument.quoted)", origin: .argument,
          advice: "\(hint) \(Prose.alternatives(names)), or the path of a YAML file")
      ])
  }

  /// What a run of this recipe is called: what words of a command line say, else its text, else ``name``.
  package func recipeName(under words: [String] = []) throws(OptionsError) -> String {
    let path = "recipe"
    if let word = OptionsCommandLine.text(of: path, in: words), RecipeName.isValid(word) { return word }
    return try entries().written(at: path)?.text ?? name
  }

  /// The family that words of a command line name, or else its text.
  func familyName(under words: [String]) throws(OptionsError) -> String? {
    OptionsResolution.familyName(in: try entries(), words)
  }

  private func entries() throws(OptionsError) -> [OptionEntry] {
    OptionEntries(try RecipeYAML(bytes, label: label), label: label).list
  }

  /// Reads a regular file of at most ``RecipeYAML/longestFile`` bytes.
  static func read(_ path: String) throws(OptionsError) -> RecipeSource {
    func refusal(_ what: String, _ advice: String) -> OptionsError {
      OptionsError(.inputMissing, [OptionProblem(what: what, origin: .recipe(path), advice: advice)])
    }
    if path.utf8.contains(0) { throw refusal("the recipe's path holds a NUL", "give a path") }
    // Opening a pipe would wait for its writer.
    let descriptor = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
    guard descriptor >= 0 else {
      let code = errno
      throw refusal(
        "the recipe cannot be read: \(String(cString: strerror(code)))",
        code == ENOENT ? "check the path; `lockstep recipes` lists the embedded ones" : "make it readable")
    }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      throw refusal("the recipe is not a regular file", "give the path of a YAML file")
    }
    let limit = RecipeYAML.longestFile + 1
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 65_536)
    while bytes.count < limit {
      let count = chunk.withUnsafeMutableBytes { chunk in
        retrying { Glibc.read(descriptor, chunk.baseAddress, chunk.count) }
      }
      guard count >= 0 else {
        throw refusal(
          "the recipe cannot be read: \(String(cString: strerror(errno)))", "copy it to another disk")
      }
      if count == 0 { break }
      bytes += chunk[..<count]
    }
    return RecipeSource(name: name(of: path), label: path, bytes: bytes)
  }

  /// The last part of a path without `.yaml` or `.yml`.
  private static func name(of path: String) -> String {
    let file = path.split(separator: "/").last ?? ""
    return String(file.dropLast(ending(of: path)?.count ?? 0))
  }

  private static func ending(of path: String) -> String? {
    [".yaml", ".yml"].first { path.lowercased().hasSuffix($0) }
  }
}
