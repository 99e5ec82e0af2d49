import Platform

/// The `README.md` of an exported folder: what the model is, how to load it, and the figures of its run.
package struct ModelCard {
  /// What a network does.
  package enum Use: Sendable {
    /// It makes its output in one pass, of classes beside its input if it is asked by them. The output may be
    /// volumes, `[N, 1, D, H, W]`. The input may be contexts that it completes, and what these are is told.
    case pass(byClass: Bool, makesVolumes: Bool = false, contexts: String? = nil)
    /// It takes noise away, step by step.
    case denoising(DenoisingSampler)
  }

  /// One line that names the model.
  let title: String
  /// Words for the hub's index, such as the family's name.
  let tags: [String]
  /// What was trained, on what, for how long.
  let facts: [(name: String, value: String)]
  /// A line of the run's log: its step, names and numbers.
  let figures: (step: Int, values: [(name: String, value: Double)])?
  /// The networks of the folder, the one that makes samples first.
  let networks: [String]
  /// A picture in the folder, if there is one.
  let picture: String?
  /// The resolved options, without what only the run's machine knows.
  let options: String
  /// What the first network does.
  let use: Use

  package init(
    title: String, tags: [String], facts: [(name: String, value: String)],
    figures: (step: Int, values: [(name: String, value: Double)])?, networks: [String], picture: String?,
    options: String, use: Use
  ) {
    self.use = use
    self.title = title
    self.tags = tags
    self.facts = facts
    self.figures = figures
    self.networks = networks
    self.picture = picture
    self.options = options
  }

  /// The card as Markdown with the hub's header.
  package var markdown: String {
    var parts = [
      "---\nlibrary_name: lockstep\ntags:\n" + tags.map { "- \($0)\n" }.joined() + "---", "# \(text(title))",
    ]
    if let picture { parts.append("![samples](\(picture))") }
    parts.append(Self.table(["", ""], facts.map { [text($0.name), text($0.value)] }))
    parts.append("## Loading it in PyTorch")
    parts.append("```python\n\(python)```")
    if let figures, !figures.values.isEmpty {
      parts.append("## Figures of the run")
      parts.append("The line of step \(figures.step) of its log:")
      parts.append(
        Self.table(["figure", "value"], figures.values.map { [text($0.name), "\(Float($0.value))"] }))
    }
    parts.append("## Options")
    parts.append("Those of the run, without the places of data and weights on its machine:")
    // No fence of the text itself may end the block.
    parts.append("```yaml\n\(options.replacing(["```": "` ` `"]))```")
    return parts.joined(separator: "\n\n") + "\n"
  }

  private static func table(_ head: [String], _ rows: [[String]]) -> String {
    let lines = [head, head.map { _ in "---" }] + rows
    return lines.map { "| " + $0.joined(separator: " | ") + " |" }.joined(separator: "\n")
  }

  /// Words of a recipe within a line of a table.
  private func text(_ words: String) -> String {
    TerminalText.escaped(words).replacing(["|": "\\|", "<": "&lt;"])
  }
}

extension String {
  /// The text with each character that is a key replaced, and each run of characters too.
  fileprivate func replacing(_ pairs: KeyValuePairs<String, String>) -> String {
    pairs.reduce(self) { text, pair in
      text.split(separator: pair.key, omittingEmptySubsequences: false).joined(separator: pair.value)
    }
  }
}
