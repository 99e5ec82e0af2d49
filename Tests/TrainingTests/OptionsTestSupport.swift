import Training

/// Resolves a recipe text called `test.yaml`.
func resolve(_ yaml: String, _ overrides: String...) throws(OptionsError) -> Options {
  try Options.resolve(yaml: Array(yaml.utf8), name: "test", label: "test.yaml", overrides: overrides)
}

/// The problems of an embedded recipe under overrides.
func problems(_ recipe: String, _ overrides: String...) -> [String] {
  do {
    _ = try Options.resolve(recipe: recipe, overrides: overrides)
    return []
  } catch {
    return error.lines
  }
}

/// The problems of a recipe text called `test.yaml`.
func problems(yaml: String, _ overrides: String...) -> [String] {
  do {
    _ = try Options.resolve(
      yaml: Array(yaml.utf8), name: "test", label: "test.yaml", overrides: overrides)
    return []
  } catch {
    return error.lines
  }
}

/// The least recipe: what has no default.
let least = "model: {family: dcgan}\nsteps: 10\n"

/// The words without which one that sets `path` would be refused, because it would change nothing.
func wordsThatSwitchOn(_ path: String) -> [String] {
  let rules = [("alpha", "rmsprop"), ("momentum", "sgd")]
  if let (key, rule) = rules.first(where: { path.hasPrefix("optimizer.") && path.hasSuffix(".\($0.0)") }) {
    return ["\(path.dropLast(key.count))kind=\(rule)"]
  }
  let switches = [
    "watch.every=7", "balance.every=7", "r1.weight=7", "dragan.weight=7", "instanceNoise.deviation=7",
    "augment.kind=ada",
  ]
  let beside = [
    "watch.attempts": ["watch.policy=rewind"], "watch.rateFactor": ["watch.policy=rewind"],
    "watch.noise": ["watch.policy=rewind"], "watch.skips": ["watch.nonFinite=skip"],
    "stop.margin": ["quality.every=7", "stop.patience=7"], "powersgd.rank": ["wire=powersgd"],
    "model.embedding": ["model.condition=projection"], "minibatch.kernelSize": ["minibatch.kernels=7"],
    "replay.share": ["replay.size=16"], "quality.metric": ["quality.every=7"],
    "init.partial": ["init.generator=file"], "minibatch.group": ["minibatch.deviation=true"],
  ]
  let group = path.prefix { $0 != "." }
  return switches.filter { word in
    word.hasPrefix("\(group).") && path.contains(".") && word.prefix { $0 != "=" } != path
  } + (beside[path] ?? [])
}
