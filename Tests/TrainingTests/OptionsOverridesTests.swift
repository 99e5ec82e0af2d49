import Testing
import Training

@Suite("Words over the options of a run that has been trained")
struct OptionsOverridesTests {
  private func refusal(
    _ word: String, of use: Options.Use, _ recipe: String = "dcgan", _ words: String...
  ) throws -> String? {
    let run = try Options.resolve(recipe: recipe, overrides: words)
    do {
      _ = try run.applying([word], for: use)
      return nil
    } catch let error as OverrideError {
      return error.description
    }
  }

  @Test(
    "what can change neither samples nor measurements is refused",
    arguments: [
      "steps=9", "loss=hinge", "optimizer.generator.learningRate=5", "ema.decay=0.5", "log.every=3",
      "model.latent=8", "quality.every=5", "quality.metric=recall",
    ])
  func refused(word: String) throws {
    let key = word.prefix { $0 != "=" }
    #expect(try refusal(word, of: .sampling) == "\(key) does not affect sampling; leave it out")
    #expect(
      try refusal(word, of: .measurement)?.hasPrefix(
        "\(key) does not affect a measurement; the keys that do are")
        == true)
  }

  @Test(
    "data, feature space, seed and threads change a measurement, and samples of noise they do not",
    arguments: ["data=mnist", "dataset.count=500", "quality.samples=64", "seed=3", "threads=2"])
  func measured(word: String) throws {
    #expect(try refusal(word, of: .measurement) == nil)
    #expect(try refusal(word, of: .sampling) != nil)
  }

  @Test("what is no key, or one of another family, is told as such")
  func unknown() throws {
    let run = try Options.resolve(recipe: "dcgan", overrides: [])
    for (word, advice) in [("quality.sampels=64", "quality.samples"), ("model.samplingSteps=5", "diffusion")]
    {
      let error = #expect(throws: OptionsError.self) { try run.applying([word], for: .measurement) }
      #expect(error.map { "\($0)".contains(advice) } == true, "\(String(describing: error))")
    }
  }

  @Test("a sampler, contexts and the bound of a caution are heeded where there are any")
  func others() throws {
    for use in [Options.Use.sampling, .measurement] {
      #expect(try refusal("model.samplingSteps=5", of: use, "diffusion") == nil)
      #expect(try refusal("data=x.npy", of: use, "inpainting") == nil)
    }
    #expect(try refusal("context.hidden=0.3", of: .measurement, "inpainting") == nil)
    #expect(try refusal("watch.spread=0.1", of: .measurement, "dcgan", "watch.every=7") == nil)
    #expect(try refusal("watch.spread=0.1", of: .measurement, "dcgan", "watch.every=0") != nil)
  }
}
