extension ModelCard {
  /// Builds the networks from `config.json`, loads their weights strictly and runs the first. In evaluation
  /// mode batch norm has its running statistics and spectral norm its stored vectors.
  var python: String {
    let labels =
      switch use {
      case .pass(let byClass, _, _): byClass
      case .denoising(let sampler): sampler.classes > 0
      }
    let classes = labels ? ", torch.zeros(16, dtype=torch.long)" : ""
    return switch use {
    case .pass(_, let makesVolumes, let contexts):
      """
      \(Self.imports)

      \(Self.layers)
      \(contexts == nil ? "" : Self.skip + "\n" + Self.completion + "\n")\(Self.pass)
      network, apply, shape = load("\(networks[0])")
      \(contexts.map(Self.context) ?? "")with torch.inference_mode():
          output = apply(\(contexts == nil ? "torch.randn(16, *shape)\(classes)" : "contexts"))
      \(makesVolumes ? Self.saving : "")
      """
    case .denoising(let sampler):
      """
      \(Self.imports)

      \(Self.layers)
      \(Self.skip)
      \(Self.modulation)
      \(Self.denoiser)
      \(sampler.python)
      network, velocity, shape = load("\(networks[0])")
      with torch.inference_mode():
          images = sample(velocity, torch.randn(16, *shape)\(classes))

      """
    }
  }

  private static let imports = "import json, math, torch\nfrom safetensors.torch import load_file"

  /// Volumes are no pictures: what shows them reads arrays.
  private static let saving =
    "\nimport numpy\n"
    + "# Of each volume the layers from the top, their rows, and voxels from -1 (empty) to 1 (full).\n"
    + "numpy.save(\"samples.npy\", output[:, 0].numpy())\n"

  /// Chains of `torch.nn`'s layers and of blocks, which are chains themselves, and how a network is built of
  /// them and of its other parts.
  private static let layers = """
    class Chain(torch.nn.Sequential):
        def forward(self, x, code=None):
            for layer in self:
                x = layer(x, code) if isinstance(layer, Block) else layer(x)
            return x

    class Block(torch.nn.Module):
        def __init__(self, chains):
            super().__init__()
            for name, layers in chains.items():
                setattr(self, name, layers)

    class Residual(Block):
        def forward(self, x, code):
            return self.residual(x, code) + self.shortcut(x, code)

    def layer(entry):
        if "arguments" not in entry:
            return globals()[entry["type"]]({name: chain(entry[name]) for name in entry if name != "type"})
        module = getattr(torch.nn, entry["type"])(**entry["arguments"])
        return torch.nn.utils.spectral_norm(module) if entry.get("spectral_norm") else module

    def chain(entries):
        return Chain(*map(layer, entries))

    def load(name):
        config = json.load(open("config.json"))["networks"][name]
        network = torch.nn.Module()
        network.main = chain(config["layers"])
        for part, module in parts(config):
            setattr(network, part, module)
        network.load_state_dict(load_file(config["file"]), strict=True)
        network.eval()
        return network, function(network, config), config["input"]["shape"]

    """

  private static let skip = """
    class Skip(Block):
        def forward(self, x, code):
            return torch.cat([self.inner(x, code), x], 1)

    """

  private static let completion = """
    class Completion(Block):
        def forward(self, x, code=None):
            values, mask = x[:, :-1], x[:, -1:]
            return values * mask + self.inner(x, code) * (1 - mask)

    """

  /// Contexts of zeros, with a comment on what others are.
  private static func context(_ text: String) -> String {
    """
    # \(text)
    contexts = torch.zeros(16, *shape)

    """
  }

  private static let modulation = """
    class Modulation(Block):
        def forward(self, x, code):
            scale, shift = self.affine(code)[:, :, None, None].chunk(2, 1)
            return x * (1 + scale) + shift

    """

  private static let pass = """
    def parts(config):
        told, further = config.get("classes"), config.get("further")
        return [(part["name"], layer(part["layer"])) for part in (told, further) if part]

    def function(network, config):
        told, further = config.get("classes"), config.get("further")
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
        return apply

    """

  private static let denoiser = """
    def parts(config):
        code = config["code"]
        told = [("classes", layer(code["classes"]))] if "classes" in code else []
        return [("embedding", chain(code["layers"]))] + told

    def function(network, config):
        frequencies = torch.tensor(config["code"]["frequencies"])
        def velocity(noisy, time, classes=None):
            phases = time[:, None] * frequencies
            code = network.embedding(torch.cat([phases.sin(), phases.cos()], 1))
            if classes is not None:
                code = code + network.classes(classes)
            return network.main(noisy, code.relu())
        return velocity

    """
}
