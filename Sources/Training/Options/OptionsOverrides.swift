package import Platform

/// A `key=value` word over the options of a run that would change nothing of what is asked for.
package struct OverrideError: ReportedError, Equatable, CustomStringConvertible {
  /// The key of the word.
  package let key: String
  /// What does not depend on it.
  package let use: Options.Use
  /// The keys that it does depend on.
  package let keys: [String]

  package var exitStatus: ExitStatus { .usage }

  /// `what; what to do next`.
  package var description: String {
    "\(TerminalText.escaped(key)) does not affect \(use.rawValue)"
      + (key == DiffusionOptions.resampling.key.path && use == .sampling ? " without --context; " : "; ")
      + (keys.isEmpty
        ? "leave it out"
        : "\(keys.count == 1 ? "the key that does is" : "the keys that do are") \(Prose.list(keys))")
  }
}

extension Options {
  /// What is done with a run that has been trained.
  package enum Use: String {
    case sampling
    case completion = "the completion of fragments"
    case measurement = "a measurement"
  }

  /// The options with `key=value` words laid over them.
  /// - Throws: ``OverrideError`` for a key that `use` does not depend on; ``OptionsError``.
  package func applying(_ words: [String], for use: Use) throws -> Options {
    let schema = OptionSchema(family: family)
    let keys = keys(of: use, in: schema)
    // What is no key at all is told below, with what may have been meant.
    for key in words.map({ String($0.prefix { $0 != "=" }) })
    where !keys.contains(key) && schema.key(at: key) != nil {
      throw OverrideError(key: key, use: use, keys: keys)
    }
    return try applying(words)
  }

  /// The keys that change what is drawn or measured, or how fast.
  private func keys(of use: Use, in schema: OptionSchema) -> [String] {
    let samplers = family.options.keys.filter(\.mayChangeOnResume).map(\.path).filter {
      !isIdle($0) && (use == .completion || $0 != DiffusionOptions.resampling.key.path)
    }
    switch use {
    case .completion:
      // A person's images of pairs are fitted as data are.
      let fitting = ["dataset.resize", "dataset.maxPixels", "dataset.maxBytes"]
      return samplers + (arePairs ? fitting : [])
    case .sampling: return samplers + (context == nil ? [] : ["data"])
    case .measurement:
      let measured = schema.keys.map(\.path).filter { path in
        ["data", "seed", "threads"].contains(path)
          || ["dataset.", "context.", "quality."].contains(where: path.hasPrefix)
            && !["quality.every", "quality.metric"].contains(path)
      }
      return measured + samplers + (isIdle("watch.spread") ? [] : ["watch.spread"])
    }
  }
}
