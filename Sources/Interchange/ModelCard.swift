import Platform
import Reporting

/// The `README.md` of an exported folder: what the model is, how to load it, and the figures of its run.
package struct ModelCard {
  /// One line that names the model.
  package var title: String
  /// Words for the hub's index, such as the family's name.
  package var tags: [String]
  /// What was trained, on what, for how long.
  package var facts: [(name: String, value: String)]
  /// The last line of the run's log: names and numbers.
  package var figures: [(name: String, value: Double)]
  /// The networks of the folder, the one that makes samples first.
  package var networks: [String]
  /// A picture in the folder.
  package var picture: String?
  /// The resolved options, as the run folder keeps them.
  package var options: String
  /// Whether the first network is asked by class.
  package var isConditional: Bool

  package init(
    title: String, tags: [String], facts: [(name: String, value: String)],
    figures: [(name: String, value: Double)], networks: [String], picture: String?, options: String,
    isConditional: Bool = false
  ) {
    self.isConditional = isConditional
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
    parts.append("```python\n\(Self.loader(networks[0], isConditional: isConditional))```")
    if !figures.isEmpty {
      parts.append("## Figures of the run")
      parts.append("The last line of its log:")
      parts.append(Self.table(["figure", "value"], figures.map { [text($0.name), "\(Float($0.value))"] }))
    }
    parts.append("## Options")
    parts.append("`lockstep train` repeats the run from this recipe:")
    // No fence of the text itself may end the block.
    parts.append("```yaml\n\(options.replacing(["```": "` ` `"]))```")
    return parts.joined(separator: "\n\n") + "\n"
  }

  /// Builds every network from `config.json` and loads its weights strictly. In evaluation mode batch norm
  /// has its running statistics and spectral norm its stored vectors.
  private static func loader(_ network: String, isConditional: Bool) -> String {
    "import json, torch\n" + """
      from safetensors.torch import load_file

      class Residual(torch.nn.Module):
          def __init__(self, residual, shortcut):
              super().__init__()
              self.residual, self.shortcut = residual, shortcut
          def forward(self, x):
              return self.residual(x) + self.shortcut(x)

      def load(name):
          config = json.load(open("config.json"))["networks"][name]
          def layer(entry):
              if entry["type"] == "Residual":
                  return Residual(*(chain(entry[part]) for part in ("residual", "shortcut")))
              module = getattr(torch.nn, entry["type"])(**entry["arguments"])
              return torch.nn.utils.spectral_norm(module) if entry.get("spectral_norm") else module
          def chain(entries):
              return torch.nn.Sequential(*map(layer, entries))
          network = torch.nn.Module()
          network.main = chain(config["layers"])
          told, further = config.get("classes"), config.get("further")
          for part in filter(None, (told, further)):
              setattr(network, part["name"], layer(part["layer"]))
          network.load_state_dict(load_file(config["file"]), strict=True)
          network.eval()
          def apply(x, classes=None):
              x = x.reshape(-1, *config["chain_shape"]) * config["input_scale"]
              rows = getattr(network, told["name"])(classes) if told else None
              if told and told["form"] == "input":
                  x = torch.cat([x, rows.reshape(len(x), -1, *x.shape[2:])], 1)
              features = network.main[:-1](x)
              x = network.main[-1](features) * config["output_scale"]
              x = x.reshape(-1, *config["output"]["shape"])
              if told and told["form"] == "projection":
                  sums = features.reshape(*features.shape[:2], -1).sum(2)
                  x = x + (sums * rows).sum(1)
              if further:
                  beside = getattr(network, further["name"])(features)
                  return x, beside.reshape(-1, *further["output"]["shape"])
              return x
          return network, apply, config["input"]["shape"]

      network, apply, shape = load("\(network)")
      with torch.inference_mode():
          output = apply(torch.randn(16, *shape)\(isConditional ? ", torch.zeros(16, dtype=torch.long)" : ""))

      """
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
