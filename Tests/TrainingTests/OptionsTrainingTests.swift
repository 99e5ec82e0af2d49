import Models
import Networks
import TensorCore
import Testing
import Training

@Suite("Options of turns, step sizes and losses")
struct OptionsTrainingTests {
  @Test("a step size falls until the end of the run as it began; a longer run must begin anew")
  func decay() throws {
    let options = try resolve(least, "optimizer.generator.decay=cosine")
    #expect(options.optimizer(of: "generator").decaySteps == 10)
    #expect(options.optimizer(of: "discriminator").decaySteps == nil)
    #expect(options.learningRates(for: "generator").factor(at: 5) == 0.5)
    #expect(options.learningRates(for: "discriminator") == .constant)
    // Written out, so that it stays when the run's length changes.
    #expect(try options.applying(["steps=5"]).arithmeticDigestInput == options.arithmeticDigestInput)
    let error = #expect(throws: OptionsError.self) { try options.applying(["steps=20"]) }
    #expect(
      error?.lines == [
        "the step size of the generator is zero from step 10 on, the run has 20 steps, command line key steps; "
          + "give steps=10, or begin a run with a larger optimizer.generator.decaySteps, with the state of this one if "
          + "need be (train --from)"
      ])
  }

  @Test("of a run in epochs the step size is compared with the steps that these turn out to be")
  func decayOfEpochs() throws {
    let epochs = "model: {family: dcgan}\nepochs: 2\n"
    let options = try resolve(
      epochs, "optimizer.generator.decay=linear", "optimizer.generator.decaySteps=9")
    try options.checkDecay(over: 9)
    let error = #expect(throws: OptionsError.self) { try options.checkDecay(over: 10) }
    #expect(
      error?.lines == [
        "the step size of the generator is zero from step 9 on, the run has 10 steps, "
          + "optimizer.generator.decaySteps; give fewer epochs, or begin a run with a larger "
          + "optimizer.generator.decaySteps, with the state of this one if need be (train --from)"
      ])
  }

  @Test(
    "words for what is switched off are refused, with what switches it on",
    arguments: [
      ("watch.policy=rewind", "watch.every"), ("balance.limit=2", "balance.every"),
      ("augment.probability=0.5", "augment.kind"), ("r1.every=4", "r1.weight"),
      ("dragan.deviation=1", "dragan.weight"), ("instanceNoise.until=10", "instanceNoise.deviation"),
      ("watch.noise=0.1", "watch.every"), ("watch.skips=2", "watch.nonFinite=skip"),
      ("stop.margin=0.1", "stop.patience"), ("powersgd.rank=2", "wire=powersgd"),
      ("model.embedding=7", "model.condition"), ("minibatch.kernelSize=4", "minibatch.kernels"),
      ("replay.share=0.3", "replay.size"), ("checkpoint.keepBest=true", "quality.every"),
      ("init.partial=true", "init.discriminator=FILE"),
      ("minibatch.group=8", "minibatch.deviation=true or minibatch.kernels"),
    ])
  func idle(word: String, key: String) throws {
    let found = problems(yaml: least, word)
    #expect(found.count == 1 && found[0].contains("give \(key) too"), "\(found)")
    // A recipe may hold what its reader switches on.
    let (path, value) = (word.prefix { $0 != "=" }, word.drop { $0 != "=" }.dropFirst())
    #expect(problems(yaml: least + "\(path): \(value)\n") == [])
  }

  @Test("words at their neutral values, and of what is switched on, are taken")
  func notIdle() {
    #expect(problems(yaml: least, "watch.policy=warn", "instanceNoise.until=0") == [])
    #expect(problems(yaml: least, "watch.policy=stop", "watch.every=10") == [])
    #expect(problems(yaml: least, "stop.margin=0", "powersgd.rank=4") == [])
    #expect(problems(yaml: least, "wire=powersgd", "powersgd.rank=2") == [])
    for key in ["watch.noise=0.1", "watch.rateFactor=0.7", "watch.attempts=7"] {
      for found in [
        problems("dcgan", "watch.every=10", key),
        problems("dcgan", "watch.every=10", "watch.policy=stop", key),
      ] {
        #expect(found.count == 1 && found[0].contains("give watch.policy=rewind too"), "\(found)")
      }
      #expect(problems("dcgan", "watch.every=10", "watch.policy=rewind", key) == [])
    }
    #expect(
      problems(yaml: least, "augment.kind=diffaugment", "augment.target=0.5").first?.contains(
        "augment.kind=ada")
        == true)
    #expect(problems(yaml: least, "watch.nonFinite=skip", "watch.skips=2") == [])
    // The first line of a table of runs.
    #expect(problems(yaml: least, "r1.weight=0", "r1.every=4") == [])
    let noise = problems("vae", "watch.every=10", "watch.noise=0.1")
    #expect(noise.first?.contains("get no noise") == true, "\(noise)")
  }

  @Test(
    "what an earlier source gives waits for its switch, so that a run can go on without it",
    arguments: [
      ("optimizer.generator.decaySteps: 9", "optimizer.generator.decay", "linear", "none"),
      ("labelSmoothing: 0.1", "loss", "nonSaturating", "hinge"),
      ("quality.weights: /x", "quality.space", "weights", "pca"),
    ])
  func lapsing(line: String, gate: String, on: String, off: String) throws {
    let path = line.prefix { $0 != ":" }
    let recipe = "model: {family: dcgan}\nsteps: 9\n"
    let (given, without) = (recipe + line + "\n", try resolve(recipe, "\(gate)=\(off)"))
    #expect(try resolve(given, "\(gate)=\(off)") == without)
    let run = try resolve(given, "\(gate)=\(on)")
    #expect(without.differences(to: run).map(\.path).contains(String(path)))
    #expect(try run.applying(["\(gate)=\(off)"]) == without)
    let word = line.replacing(": ", with: "=")
    let found = problems(yaml: recipe, "\(gate)=\(off)", word)
    #expect(found.count == 1 && found[0].hasPrefix("\(path) is given, but "), "\(found)")
  }

  @Test("what only lies idle beside a switch is there again when it is turned on")
  func idling() throws {
    let recipe = "model: {family: dcgan}\nsteps: 9\ncheckpoint: {keepBest: true}\nstop: {patience: 5}\n"
    let run = try resolve(recipe, "quality.every=9")
    #expect(run.checkpoint.keepBest && run.stop.patience == 5 && run.endsByQuality)
    let off = try run.applying(["quality.every=0", "stop.patience=5"])
    #expect(off.stop.patience == 5 && !off.endsByQuality)
    #expect(try off.applying(["quality.every=9"]) == run)
    for word in ["stop.patience=5", "checkpoint.keepBest=true", "quality.metric=recall"] {
      let found = problems(yaml: "model: {family: dcgan}\nsteps: 9\n", word)
      #expect(found.count == 1 && found[0].contains("give quality.every too"), "\(found)")
    }
  }

  @Test("a metric that a later space does not know gives way to it; one of the same source is refused")
  func metrics() throws {
    let recipe = "model: {family: dcgan}\nsteps: 9\nquality: {space: classifier, metric: modes}\n"
    #expect(try resolve(recipe).applying(["quality.space=pca"]).quality.metric == .frechet)
    #expect(problems(yaml: "model: {family: dcgan}\nsteps: 9\nquality: {metric: modes}\n").count == 1)
  }

  @Test(
    "networks of features are refused where samples are no images",
    arguments: [("mlp-gan", "points"), ("point-flow", "points"), ("voxel-gan", "volumes")])
  func spaces(family: String, samples: String) {
    let yaml = "model: {family: \(family)}\nsteps: 9\nquality.every: 3\n"
    for space in ["quality.space: classifier", "quality.space: weights\nquality.weights: /x"] {
      let found = problems(yaml: yaml + space)
      #expect(found.count == 1 && found[0].contains("for images, and the data are \(samples)"), "\(found)")
    }
  }

  @Test("volumes are not resized or stacked; a run of another size is called by its three sides")
  func volumes() throws {
    for word in ["dataset.resize=crop", "dataset.stack=3"] {
      let key = word.prefix { $0 != "=" }
      #expect(
        problems("voxel-gan", word) == [
          "\(key) is given, but the data are volumes, command line key \(key); remove it"
        ])
    }
    let small = try Options.resolve(recipe: "voxel-gan", overrides: ["size=16"])
    #expect(small.title == "voxel-gan on pottery, 16x16x16")
  }

  @Test("where no data are read none have to be named, but what is named has to be right")
  func unread() throws {
    for (recipe, words) in [("dcgan-mnist", []), ("inpainting", ["context.kind=pair"])] {
      #expect(throws: OptionsError.self) { try Options.resolve(recipe: recipe, overrides: words) }
      let options = try Options.resolve(recipe: recipe, overrides: words, readsData: false)
      #expect(options.data == .path("unread"))
      // As the other ranks read them.
      let yaml = Array(options.canonicalYAML.utf8)
      #expect(try Options.resolve(yaml: yaml, name: "run", label: "options.yaml") == options)
      let named = try Options.resolve(recipe: recipe, overrides: words + ["data=x"], readsData: false)
      #expect(named.data == .path("x"))
    }
    #expect(try Options.resolve(recipe: "dcgan", readsData: false) == Options.resolve(recipe: "dcgan"))
    #expect(throws: OptionsError.self) {
      try Options.resolve(
        recipe: "inpainting", overrides: ["context.kind=pair", "data=pottery"], readsData: false)
    }
  }

  @Test("a run on other data, of another size or kind has nothing of what the recipe says about its own")
  func about() throws {
    for words in [
      ["context.kind=pair", "data=pairs"], ["data=images"], ["size=16"],
      ["context.kind=piece", "title=mine"],
    ] {
      let options = try Options.resolve(recipe: "inpainting", overrides: words)
      #expect(options.about.isEmpty, "\(words): \(options.about)")
      #expect(
        try Options.resolve(recipe: "inpainting", overrides: words + ["about=my own"]).about == "my own")
    }
    #expect(try Options.resolve(recipe: "inpainting", overrides: ["steps=9"]).about.contains("the box"))
  }

  @Test("a decay without an end, and an end without a decay, are refused")
  func contradictions() {
    let epochs = "model: {family: dcgan}\nepochs: 2\n"
    #expect(
      problems(yaml: epochs, "optimizer.generator.decay=linear") == [
        "optimizer.generator.decaySteps is missing, command line key optimizer.generator.decay; "
          + "give it, or the run's length in steps"
      ])
    #expect(
      problems(yaml: epochs, "optimizer.generator.decay=linear", "optimizer.generator.decaySteps=9") == [])
    #expect(
      problems(yaml: least, "optimizer.generator.decaySteps=9") == [
        "optimizer.generator.decaySteps is given, but the step size does not fall, "
          + "command line key optimizer.generator.decaySteps; give optimizer.generator.decay too"
      ])
  }

  @Test("each network has the update rule that its options name")
  func updateRules() throws {
    let words = [
      "generator.kind=rmsprop", "generator.alpha=0.9", "generator.epsilon=0.001",
      "generator.weightDecay=0.01", "discriminator.kind=sgd", "discriminator.momentum=0.5",
      "discriminator.learningRate=0.1", "discriminator.weightDecay=0.02",
    ].map { "optimizer." + $0 }
    let options = try Options.resolve(recipe: "dcgan", overrides: words)
    let generator = try #require(options.updateRule(of: "generator") as? RMSprop)
    #expect(generator.learningRate == 2e-4 && generator.alpha == 0.9)
    #expect(generator.epsilon == 0.001 && generator.weightDecay == 0.01)
    let discriminator = try #require(options.updateRule(of: "discriminator") as? SGD)
    #expect(discriminator.learningRate == 0.1 && discriminator.momentum == 0.5)
    #expect(discriminator.weightDecay == 0.02)
    let usual = try #require(
      resolve(least, "optimizer.generator.weightDecay=0.1").updateRule(of: "generator") as? Adam)
    #expect(usual.beta1 == 0.5 && usual.beta2 == 0.999 && usual.weightDecay == 0.1)
    // As runs that began without these keys have it.
    #expect(!(try resolve(least)).arithmeticDigestInput.contains("kind"))
  }

  @Test("what another update rule would read is refused")
  func otherRules() {
    #expect(
      problems(yaml: least, "optimizer.generator.momentum=0.9") == [
        "optimizer.generator.momentum is given, but Adam has none, command line key "
          + "optimizer.generator.momentum; remove it, or use optimizer.generator.kind=sgd"
      ])
    #expect(
      problems(yaml: least, "optimizer.generator.kind=sgd", "optimizer.generator.epsilon=0.1").count == 1)
    #expect(
      problems(yaml: least, "optimizer.generator.kind=rmsprop", "optimizer.generator.beta1=0").count == 1)
    #expect(
      problems(yaml: least, "optimizer.generator.kind=rmsprop", "optimizer.generator.epsilon=0.1") == [])
    #expect(
      problems(yaml: least, "optimizer.generator.kind=rmsprop", "optimizer.discriminator.beta1=0") == [])
    let epsilon = problems(yaml: least, "optimizer.generator.kind=sgd", "optimizer.generator.epsilon=0.1")
    #expect(epsilon.first?.hasSuffix("use optimizer.generator.kind=adam or rmsprop") == true, "\(epsilon)")
    // What it would be without a word.
    #expect(problems(yaml: least, "optimizer.generator.kind=sgd", "optimizer.generator.epsilon=1e-8") == [])
  }

  @Test("Wasserstein's critic is clipped at the paper's bound unless told otherwise")
  func clip() throws {
    let clip = AdversarialOptions.clip
    #expect(try resolve(least).model[clip] == 0)
    #expect(try resolve(least, "loss=wasserstein").model[clip] == 0.01)
    #expect(try resolve(least, "loss=wasserstein", "clip=0").model[clip] == 0)
    #expect(try resolve(least, "loss=wasserstein", "clip=0.1").model[clip] == 0.1)
    let written = try resolve(least, "loss=wasserstein").canonicalYAML
    #expect(try resolve(written).model[clip] == 0.01)
  }

  @Test("labels of a loss without labels cannot be smoothed")
  func smoothing() {
    #expect(
      problems(yaml: least, "loss=hinge", "labelSmoothing=0.1") == [
        "labelSmoothing is given, but loss=hinge does not compare probabilities with labels, command line key labelSmoothing; "
          + "remove it, or use loss=nonSaturating"
      ])
  }

  @Test("micro-batches are cut into whole packs")
  func packing() {
    #expect(problems("ring", "model.packing=4") == [])
    #expect(problems("dcgan", "model.packing=2", "minibatch.deviation=true", "minibatch.group=4") == [])
    #expect(problems("dcgan", "model.packing=4", "minibatch.deviation=true", "minibatch.group=8").count == 1)
    #expect(problems("dcgan", "model.packing=2", "model.condition=embedding").count == 1)
    #expect(
      problems("dcgan", "batch=48", "microBatches=8", "model.packing=4", "minibatch.deviation=true") == [
        "micro-batches of 6 samples cannot be cut into packs of 4, command line key model.packing; "
          + "lower model.packing, or raise batch"
      ])
    #expect(
      problems("ring", "batch=12", "model.packing=2") == [
        "micro-batches of 3 samples cannot be cut into packs of 2, command line key model.packing; "
          + "lower model.packing, or raise batch"
      ])
  }

  @Test("turns are keys named after the networks, and decide the schedule")
  func turns() throws {
    let options = try Options.resolve(recipe: "wgan-gp", overrides: [])
    let model = options.makeModel()
    #expect(options.schedule(of: model).rules.map(\.repeats) == [5, 1])
    let other = try Options.resolve(recipe: "dcgan", overrides: ["generatorSteps=2", "discriminatorSteps=3"])
    #expect(other.schedule(of: other.makeModel()).rules.map(\.repeats) == [3, 2])
    #expect(options.arithmeticDigestInput.contains("discriminatorSteps=5\n"))
  }

  @Test("points are of mixtures and of files, images are not")
  func data() {
    #expect(problems("ring", "data=grid") == [])
    #expect(
      problems("ring", "data=pottery") == [
        "data=pottery holds images, and the model is one of points, command line key data; "
          + "give ring, grid or a NumPy file of shape [N, 2]"
      ])
    #expect(problems("ring", "data=moons.npz") == [])
    #expect(
      problems("ring", "data=moons.npz", "dataset.resize=crop") == [
        "dataset.resize is given, but points are not resized, command line key dataset.resize; remove it"
      ])
  }

  @Test("a dry run names the turns of a step in order, with losses and step sizes")
  func dryRun() throws {
    let lines = try DryRun(
      recipe: "wgan-gp", overrides: ["optimizer.generator.decay=linear", "optimizer.generator.warmup=7"]
    ).lines
    let places = try ["discriminator, 5 turns", "wasserstein, gradient penalty", "generator, 1 turn"].map {
      text in try #require(lines.firstIndex { $0.contains(text) }, "\(text)")
    }
    #expect(places == places.sorted())
    #expect(lines.last?.contains("rising over 7 steps, falling (linear) to 0 at step") == true)
    #expect(throws: OptionsError.self) { try DryRun(recipe: "wgan-gp", overrides: ["stepz=1"]) }
  }

  @Test("a lazy penalty that no turn of a run comes to is told")
  func lazyPenalties() throws {
    func told(_ turns: Int, _ words: String...) throws -> [String] {
      try Options.resolve(recipe: "dcgan", overrides: words).penaltiesNotReached(in: turns)
    }
    for penalty in ["r1", "dragan"] {
      let words = ["\(penalty).weight=1", "\(penalty).every=4"]
      #expect(
        try told(3, words[0], words[1]).first?.hasPrefix("\(words[1]), and the run has 3 turns") == true)
      #expect(try told(4, words[0], words[1]).isEmpty)
      #expect(try told(3, words[0], words[1], "balance.every=2").isEmpty)
    }
    #expect(try Options.resolve(recipe: "vae").penaltiesNotReached(in: 0).isEmpty)
  }
}
