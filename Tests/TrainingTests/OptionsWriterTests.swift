import TestSupport
import Testing
import Training

@Suite("Resolved options are written as a recipe that reads back as the same options")
struct OptionsWriterTests {
  private static let paths = OptionSchema(family: .dcgan).keys.map(\.path)

  /// A value that the key accepts, another each time.
  private func sample(_ key: OptionKey, _ random: inout SplitMix64) -> String {
    switch key.type {
    case .integer(let range), .automaticOrInteger(let range):
      // The batch has to be divisible by any number of micro-batches that is drawn.
      if key.path == "batch" { return "1048576" }
      if key.path == "minibatch.group" { return String(1 << Int.random(in: 1...16, using: &random)) }
      return String(Int.random(in: range, using: &random))
    case .powerOfTwo(let range):
      return String(1 << Int.random(in: 0...range.upperBound.trailingZeroBitCount, using: &random))
    case .oneOf(let values): return String(values.randomElement(using: &random) ?? 0)
    case .number(let interval):
      let value =
        interval.lower + Double.random(in: 1e-6..<1, using: &random) * (interval.upper - interval.lower)
      return OptionValue.number(value).canonicalText
    case .boolean: return Bool.random(using: &random) ? "true" : "false"
    case .word(let words):
      // The quickstart's data are images, which not every family takes.
      if key.path == "model.family" { return ["dcgan", "wgan-gp"].randomElement(using: &random) ?? "" }
      return words.randomElement(using: &random) ?? ""
    case .words(let words):
      let count = Int.random(in: 1...words.count, using: &random)
      return words.shuffled(using: &random).prefix(count).joined(separator: ",")
    case .name: return ["run.1", "true", "42", "-", "null"].randomElement(using: &random) ?? ""
    case .path, .prose:
      let letters: [Unicode.Scalar] = [
        "a", "\"", "\\", " ", "#", ":", "*", "&", "!", "~", "\n", "\t", "\u{1B}", "\u{85}", "\u{2028}",

        "é", "陶", "🏺", "\u{E000}", "\u{10FFFF}", "'", "{", "-", "0",
      ]
      var text = ""
      for _ in 0..<Int.random(in: 1...12, using: &random) {
        text.unicodeScalars.append(letters.randomElement(using: &random) ?? "a")
      }
      return text
    }
  }

  /// What has to be given beside a value so that the keys agree.
  private func companions(of path: String, _ value: String) -> [String] {
    switch path {
    case "batch": []
    case "checkpoint.keepBest", "stop.patience": ["batch=1048576", "quality.every=7"]
    case "replay.size": ["batch=1048576", "microBatches=1"]
    case "dataset.stack": ["batch=1048576", "channels=\(value)"]
    case "quality.metric": ["batch=1048576", "quality.space=classifier"]
    case "quality.weights": ["batch=1048576", "quality.space=weights"]
    case "quality.space" where value == "weights": ["batch=1048576", "quality.weights=file"]
    case "balance.lowest": ["batch=1048576", "balance.highest=1"]
    case "balance.highest": ["batch=1048576", "balance.lowest=0"]
    case _ where path.hasSuffix(".decaySteps"): ["batch=1048576", "\(path.dropLast(5))=linear"]
    default: ["batch=1048576"]
    }
  }

  @Test("every key survives with any value it accepts", arguments: paths)
  func everyKey(path: String) throws {
    let schema = OptionSchema(family: .dcgan)
    let key = try #require(schema.key(at: path))
    var random = SplitMix64(state: path.utf8.reduce(0) { $0 &* 31 &+ UInt64($1) })
    for _ in 0..<20 {
      let value = sample(key, &random)
      let word = "\(path)=\(value)"
      let options = try Options.resolve(
        recipe: "dcgan", overrides: [word] + companions(of: path, value) + wordsThatSwitchOn(path))
      let again = try resolve(options.canonicalYAML)
      #expect(again == options, "\(word)")
      #expect(again.canonicalYAML == options.canonicalYAML)
    }
  }

  @Test("every key that has a value is written out, with its meaning beside it")
  func complete() throws {
    let text = try Options.resolve(recipe: "dcgan64").canonicalYAML
    for key in OptionSchema(family: .dcgan).keys where key.fallback != .none && key.role != .description {
      let name = key.path.split(separator: ".").last ?? ""
      #expect(text.contains("\(name): "))
      #expect(text.contains(key.help))
    }
    #expect(!text.contains("epochs:"))
  }

  @Test("resolved options take further words and keep everything else")
  func applying() throws {
    let base = try Options.resolve(
      recipe: "dcgan", overrides: ["batch=128", "epochs=2", "dataset.count=500"])
    #expect(try base.applying([]) == base)
    let next = try base.applying(["steps=9", "data=/images"])
    #expect(next.batch == 128 && next.length == .steps(9))
    #expect(next.data == .path("/images") && next.dataset.count == nil)
    #expect(throws: OptionsError.self) { try base.applying(["bacth=5"]) }
  }

  @Test("the order and the spelling are fixed")
  func stable() throws {
    let text = try Options.resolve(recipe: "dcgan", overrides: ["optimizer.generator.learningRate=1e-4"])
      .canonicalYAML
    let keys = text.split(separator: "\n").compactMap { $0.split(separator: ":").first?.drop { $0 == " " } }
    #expect(
      keys == [
        "recipe", "title", "about", "model", "family", "latent", "generatorFeatures", "discriminatorFeatures",
        "discriminatorBias", "packing", "condition", "embedding", "loss", "labelSmoothing", "clip",
        "spectralNorm", "r1", "weight", "every",
        "dragan", "weight", "deviation", "every", "instanceNoise",
        "deviation", "until", "augment", "kind", "policy", "probability", "target", "speed", "every", "limit",
        "minibatch", "deviation", "kernels", "kernelSize", "group", "replay", "size", "share",
        "data",
        "dataset", "count", "resize", "stack", "maxPixels", "maxBytes", "size", "channels", "seed", "steps",
        "batch", "microBatches",
        "threads",
        "overlap", "wire", "powersgd", "rank",
        "stallTimeout", "discriminatorSteps", "generatorSteps", "optimizer", "discriminator", "kind",
        "learningRate",
        "beta1", "beta2", "epsilon", "alpha", "momentum", "weightDecay", "warmup", "decay", "generator",
        "kind",
        "learningRate", "beta1", "beta2", "epsilon", "alpha", "momentum", "weightDecay", "warmup", "decay",
        "ema", "decay", "checkpoint", "every", "keepLast", "keepBest",
        "samples",
        "every", "count", "log", "every", "replicas", "every", "quality", "every", "samples", "space",
        "classifierSteps",
        "components", "metric", "stop", "patience", "margin",
        "balance", "every", "lowest", "highest", "limit", "starvation", "watch", "every", "policy", "samples",
        "grace", "patience", "spread", "rank", "modes", "distance", "copies", "attempts", "rateFactor",
        "noise", "nonFinite", "skips",
      ])
    #expect(text.contains("    learningRate: 0.0001          # step size\n"))
  }
}
