extension Options {
  /// Resolves a recipe under the `key=value` words of a command line.
  ///
  /// - Parameters:
  ///   - recipe: the name of an embedded recipe, or the path of a file if it holds a slash or ends in `.yaml`
  ///     or `.yml`.
  ///   - overrides: words such as `batch=64` and `optimizer.generator.learningRate=1e-4`.
  ///   - readsData: whether data are read; where they are not, none have to be named.
  /// - Throws: ``OptionsError`` with every problem there is, each with its line and column or its key.
  public static func resolve(
    recipe: String, overrides: [String] = [], readsData: Bool = true
  ) throws(OptionsError) -> Options {
    try OptionsResolution.resolve(RecipeSource.find(recipe), overrides: overrides, readsData: readsData)
  }

  /// Resolves a recipe that is already in memory.
  ///
  /// - Parameters:
  ///   - yaml: the recipe's bytes; any bytes are safe.
  ///   - name: what the recipe is called unless it says so itself.
  ///   - label: what messages call the text, such as its path.
  /// - Throws: ``OptionsError`` with every problem there is.
  public static func resolve(
    yaml: [UInt8], name: String, label: String, overrides: [String] = []
  ) throws(OptionsError) -> Options {
    try OptionsResolution.resolve(RecipeSource(name: name, label: label, bytes: yaml), overrides: overrides)
  }

  /// These options under further `key=value` words, as a resumed run takes them.
  ///
  /// - Throws: ``OptionsError`` with every problem there is.
  public func applying(_ overrides: [String]) throws(OptionsError) -> Options {
    try Options.resolve(
      yaml: Array(canonicalYAML.utf8), name: recipe, label: "options.yaml", overrides: overrides)
  }

  /// Reads the options of a run, as ``canonicalYAML`` has written them.
  ///
  /// - Parameter path: `options.yaml` in a run's folder.
  /// - Throws: ``OptionsError`` with `inputMissing` if there is no such file.
  public static func read(path: String) throws(OptionsError) -> Options {
    try OptionsResolution.resolve(RecipeSource.read(path), overrides: [])
  }
}
