import Training

/// The words behind `lockstep launch …`, as far as a launcher has to understand them.
package struct TrainWords: Sendable, Equatable {
  /// As they were given.
  package let words: [String]

  package init(_ words: [String]) {
    self.words = words
  }

  /// Whether they train, so that there is a run to restart.
  package var isTraining: Bool {
    words.first == "train" && Set(words).isDisjoint(with: ["--dry-run", "--help", "-h"])
  }

  /// The recipe's name or file.
  package var recipe: String? { arguments.first { !$0.contains("=") } }

  /// The words that set keys.
  package var overrides: [String] { arguments.filter { $0.contains("=") } }

  /// The words behind `train` that are neither options nor their values.
  private var arguments: [String] {
    words.indices.dropFirst().filter {
      !words[$0].hasPrefix("-") && !["--run", "--from"].contains(words[$0 - 1])
    }.map { words[$0] }
  }

  /// The run folder.
  package var folder: String? { value(of: "--run") }

  /// The run or checkpoint that a new run begins with.
  package var source: String? { value(of: "--from") }

  private func value(of option: String) -> String? {
    // Of several the last one counts, as for the command itself.
    for (index, word) in words.enumerated().reversed() {
      if word == option, index + 1 < words.count { return words[index + 1] }
      if word.hasPrefix("\(option)=") { return String(word.dropFirst(option.count + 1)) }
    }
    return nil
  }

  /// Seconds that ranks may take without progress: as a word says, else as the run that goes on, or that
  /// another begins with, has it; nil where neither can be read.
  package var stallTimeout: Double? {
    if let word = OptionsCommandLine.text(of: "stallTimeout", in: overrides) { return Double(word) }
    let run = source ?? (isResuming ? folder : nil)
    return run.flatMap { try? Options.read(path: RunFolder.optionsPath(in: $0)).stallTimeout }
  }

  package var isResuming: Bool { words.contains("--resume") }

  /// The same with a run folder.
  package func running(in folder: String) -> TrainWords {
    self.folder == nil ? TrainWords(words + ["--run", folder]) : self
  }

  /// The same, to go on.
  package var resuming: TrainWords {
    guard !isResuming else { return self }
    let own = words.indices.filter { index in
      !words[index].hasPrefix("--from") && (index == 0 || words[index - 1] != "--from")
    }
    return TrainWords(own.map { words[$0] } + ["--resume"])
  }
}
