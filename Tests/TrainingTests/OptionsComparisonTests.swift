import Testing
import Training

@Suite("Two options are compared key by key, and by what determines the weights")
struct OptionsComparisonTests {
  /// For each key a value other than the quickstart's, and whether a run may be resumed with it.
  private static let changes: [(word: String, mayChange: Bool)] =
    [
      ("recipe=other", true), ("title=x", true), ("about=x", true), ("model.latent=7", false),
      ("model.discriminatorBias=true", false),
      ("model.generatorFeatures=7", false), ("model.discriminatorFeatures=7", false),
      ("dataset.count=7", false),
      ("dataset.maxPixels=7", true), ("dataset.maxBytes=7", true),
      ("dataset.labels=7", false), ("size=64", false), ("channels=3", false), ("seed=7", false),
      ("steps=7", true),
      ("batch=256", false), ("microBatches=4", false), ("threads=7", true), ("overlap=false", true),
      ("stallTimeout=7", true), ("optimizer.discriminator.learningRate=7", false),
      ("optimizer.discriminator.beta1=0.7", false), ("optimizer.discriminator.beta2=0.7", false),
      ("optimizer.discriminator.epsilon=0.7", false), ("optimizer.generator.learningRate=7", false),
      ("optimizer.generator.beta1=0.7", false), ("optimizer.generator.beta2=0.7", false),
      ("optimizer.generator.epsilon=0.7", false), ("ema.decay=0.7", false), ("checkpoint.every=7", true),
      ("checkpoint.keepLast=7", true), ("samples.every=7", true), ("samples.count=7", true),
      ("log.every=7", true), ("replicas.every=7", true), ("watch.nonFinite=skip", false),
      ("watch.skips=9", false), ("loss=hinge", false), ("labelSmoothing=0.1", false), ("clip=0.1", false),
      ("spectralNorm=true", false), ("r1.weight=7", false), ("r1.every=7", false),
      ("instanceNoise.deviation=7", false), ("instanceNoise.until=7", false), ("discriminatorSteps=7", false),
      ("generatorSteps=7", false), ("optimizer.discriminator.warmup=7", false),
      ("optimizer.generator.warmup=7", false), ("quality.every=7", true), ("quality.samples=77", true),
      ("balance.every=7", false), ("balance.lowest=0.5", false), ("balance.highest=0.9", false),
      ("balance.limit=7", false), ("balance.starvation=0.1", false), ("watch.every=7", false),
      ("watch.policy=rewind", false), ("watch.samples=77", false), ("watch.grace=7", false),
      ("watch.patience=7", false), ("watch.spread=0.1", false), ("watch.rank=0.1", false),
      ("watch.modes=0.1", false), ("watch.distance=7", false), ("watch.attempts=7", false),
      ("watch.rateFactor=0.7", false), ("watch.noise=0.1", false), ("quality.components=7", true),
      ("quality.metric=recall", true), ("quality.space=classifier", true),
      ("quality.classifierSteps=7", true), ("stop.margin=0.1", true), ("watch.copies=0.1", false),
      ("dragan.weight=7", false), ("dragan.deviation=7", false), ("dragan.every=7", false),
      ("augment.kind=diffaugment", false), ("augment.policy=flip", false), ("augment.probability=0.7", false),
      ("augment.target=0.7", false), ("augment.speed=7", false), ("augment.every=7", false),
      ("augment.limit=0.7", false),
      ("init.generator=x", true), ("init.discriminator=x", true),
      ("init.partial=true", true), ("init.run=x", true), ("dataset.resize=crop", false),
      ("model.embedding=7", false),
      ("minibatch.deviation=true", false), ("minibatch.kernels=7", false), ("minibatch.kernelSize=7", false),
      ("minibatch.group=8", false), ("replay.size=16", false), ("replay.share=0.3", false),
      ("model.packing=2", false), ("wire=bfloat16", false), ("wire=powersgd", false),
      ("powersgd.rank=7", false),
    ]
    + ["discriminator", "generator"].flatMap { network in
      ["kind=sgd", "alpha=0.7", "momentum=0.7", "weightDecay=0.7"].map {
        ("optimizer.\(network).\($0)", false)
      }
    }

  @Test("a changed key is the one difference, and changes the digest exactly if the weights depend on it")
  func oneKey() throws {
    for (word, mayChange) in Self.changes {
      let key = String(word.prefix { $0 != "=" })
      // Without a title and a description of one's own a run of another shape has others.
      let on =
        wordsThatSwitchOn(key) + (["size", "channels"].contains(key) ? ["title=mine", "about=mine"] : [])
      let base = try Options.resolve(recipe: "dcgan", overrides: on)
      #expect(base.differences(to: base).isEmpty)
      let other = try Options.resolve(recipe: "dcgan", overrides: on + [word])
      let found = base.differences(to: other)
      #expect(found.map(\.path) == [key])
      #expect(found.allSatisfy { $0.mayChangeOnResume == mayChange }, "\(word)")
      #expect((base.arithmeticDigestInput == other.arithmeticDigestInput) == mayChange, "\(word)")
    }
  }

  @Test("where a run goes back to its checkpoints, the weights depend on how far apart they are")
  func rewinding() throws {
    for (policy, mayChange) in [("rewind", false), ("warn", true)] {
      let words = ["watch.every=10", "watch.policy=\(policy)"]
      let base = try Options.resolve(recipe: "dcgan", overrides: words)
      let other = try Options.resolve(recipe: "dcgan", overrides: words + ["checkpoint.every=7"])
      #expect(base.differences(to: other).map(\.mayChangeOnResume) == [mayChange])
      #expect((base.arithmeticDigestInput == other.arithmeticDigestInput) == mayChange)
    }
  }

  @Test("every key is covered")
  func complete() {
    let covered = Set(Self.changes.map { String($0.word.prefix { $0 != "=" }) })
    let optimizers = ["discriminator", "generator"].map { "optimizer.\($0)." }
    let others = Set(
      ["model.family", "model.condition", "data", "epochs", "checkpoint.keepBest"]
        // Keys that need others beside them.
        + ["dataset.stack", "quality.weights", "stop.patience"]
        + optimizers.flatMap { [$0 + "decay", $0 + "decaySteps"] })
    #expect(covered.union(others) == Set(OptionSchema(family: .dcgan).keys.map(\.path)))
  }

  @Test("the path of the data and the length of the run may change")
  func paths() throws {
    let here = try Options.resolve(recipe: "dcgan-mnist", overrides: ["data=/a"])
    let there = try Options.resolve(recipe: "dcgan-mnist", overrides: ["data=/b", "epochs=3"])
    let found = here.differences(to: there)
    #expect(found.map(\.description) == ["data /a → /b", "steps 1250 → none", "epochs none → 3"])
    #expect(found.allSatisfy { $0.mayChangeOnResume })
    #expect(here.arithmeticDigestInput == there.arithmeticDigestInput)
  }

  @Test("a step size that falls is a matter of the weights, and so is where it ends")
  func decay() throws {
    let digests = try [[], ["decay=linear"], ["decay=cosine"], ["decay=linear", "decaySteps=500"]].map {
      words in
      try Options.resolve(recipe: "dcgan", overrides: words.map { "optimizer.generator.\($0)" })
        .arithmeticDigestInput
    }
    #expect(Set(digests).count == 4)
  }

  @Test("the digest's text is what it was: a change would refuse every run that exists")
  func golden() throws {
    let lines = try Options.resolve(recipe: "dcgan").arithmeticDigestInput.split(separator: "\n")
    #expect(lines.count == 20)
    #expect(lines.first == "model.family=dcgan")
    #expect(lines.contains("optimizer.generator.learningRate=0.0002"))
    #expect(lines.dropLast().last == "ema.decay=0.999" && lines.last?.hasPrefix("algorithms=") == true)
  }
}
