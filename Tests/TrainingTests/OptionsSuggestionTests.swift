import TestSupport
import Testing
import Training

@Suite("A misspelled key is answered with the key that was meant")
struct OptionsSuggestionTests {
  @Test(
    "slips of the hand and the words of other tools lead to the key",
    arguments: [
      ("bacth", "batch"), ("Batch", "batch"), ("batchs", "batch"), ("batch_size", "batch"),
      ("batchSize", "batch"),
      ("microbatches", "microBatches"), ("micro_batches", "microBatches"), ("micro-batch", "microBatches"),
      ("thread", "threads"), ("sead", "seed"), ("random_seed", "seed"), ("step", "steps"),
      ("iterations", "steps"),
      ("epoch", "epochs"), ("overlaps", "overlap"), ("stall_timeout", "stallTimeout"),
      ("decay", "optimizer.discriminator.decay"),
      ("ema", "ema.decay"), ("checkpoint.evry", "checkpoint.every"),
      ("checkpoints.every", "checkpoint.every"),
      ("keepLast", "checkpoint.keepLast"), ("keep_last", "checkpoint.keepLast"), ("nz", "model.latent"),
      ("ngf", "model.generatorFeatures"), ("latent", "model.latent"),
      ("generatorFeatures", "model.generatorFeatures"),
      ("optimizer.generator.lr", "optimizer.generator.learningRate"),
      ("optimiser.generator.beta1", "optimizer.generator.beta1"),
      ("generator.learningRate", "optimizer.generator.learningRate"),
      ("optimizer.genreator.learning_rate", "optimizer.generator.learningRate"),
      ("family", "model.family"), ("labels", "dataset.labels"), ("train.batch", "batch"),
      ("name", "recipe?"),
    ])
  func nearest(written: String, meant: String) {
    let found = problems("dcgan", "\(written)=1").first ?? ""
    if written == "ema" || written == "checkpoint" {
      #expect(found.contains("give \(meant)"), "\(found)")
    } else {
      #expect(found.contains("did you mean \(meant)"), "\(found)")
    }
  }

  @Test(
    "what is near to nothing gets no guess",
    arguments: ["zzzzzz", "x", "wavelength", String(repeating: "b", count: 900)])
  func nothingNear(written: String) {
    let found = problems("dcgan", "\(written)=1").first ?? ""
    #expect(!found.contains("did you mean"), "\(found)")
    #expect(found.hasSuffix("remove it; `lockstep train --help` lists the keys"))
  }

  @Test("a key of other families is told from one that is none")
  func otherFamily() {
    #expect(
      problems("vae", "loss=hinge") == [
        "there is no key \"loss\", command line key loss; remove it; it is a key of dcgan, resnet-gan, "
          + "voxel-gan, pix2pix, voxel-pix2pix and mlp-gan, not of vae"
      ])
    #expect(
      problems("vae", "dragan.weight=1").first?
        .contains("a key of dcgan, resnet-gan, voxel-gan and mlp-gan, not") == true)
    #expect(
      problems("dcgan", "model.samplingSteps=4").first?
        .hasSuffix("it is a key of diffusion, not of dcgan") == true)
    #expect(
      problems("vae", "optimizer.generator.learningRate=1").first?
        .contains("did you mean optimizer.autoencoder.learningRate?") == true)
  }

  @Test("a wrong key of a known group is answered with the keys of the group")
  func group() {
    #expect(
      problems("dcgan", "checkpoint.compression=1") == [
        "there is no key \"checkpoint.compression\", command line key checkpoint.compression; "
          + "the keys of checkpoint are checkpoint.every, checkpoint.keepLast and checkpoint.keepBest"
      ])
  }

  @Test("a key of a group of groups is answered with the keys in them, whether or not it has a value")
  func innerKeys() {
    let groups = "optimizer.discriminator or optimizer.generator"
    for (word, said) in [
      ("optimizer.name=", "did you mean optimizer.discriminator.kind or optimizer.generator.kind?"),
      ("optimizer.type=adam", "did you mean optimizer.discriminator.kind or optimizer.generator.kind?"),
      ("optimizer=", "not a key, command line key optimizer; give a key of \(groups), such as optimizer.d"),
      ("optimizer.wavelength=", "give a key of \(groups), such as optimizer.discriminator.kind"),
      ("checkpoint.compression=", "the keys of checkpoint are checkpoint.every, "),
      ("checkpoint.batch=4", "did you mean batch?"), ("=5", "\"=5\" has no key"),
      ("optimizer.generator.kind=", "optimizer.generator.kind= (command line) has no value; give adam"),
    ] {
      let found = problems("dcgan", word)
      #expect(found.count == 1 && found[0].contains(said), "\(found)")
    }
  }

  @Test("a wrong group is answered with the groups beside it, not with all their keys")
  func groups() {
    for (family, groups) in [
      ("vae", "the group of optimizer is optimizer.autoencoder"),
      ("dcgan", "the groups of optimizer are optimizer.discriminator and optimizer.generator"),
    ] {
      let found = problems(yaml: "model: {family: \(family)}\nsteps: 1\noptimizer: {wrong: {beta1: 0}}\n")
      #expect(found.count == 1 && found[0].hasSuffix("; \(groups)"), "\(found)")
    }
  }

  @Test("one slip in any key is found out: letters lost, doubled, swapped and changed")
  func slips() {
    var random = SplitMix64(state: 11)
    var missed: [String] = []
    for key in OptionSchema(family: .dcgan).keys where key.path.count > 4 {
      for _ in 0..<8 {
        var letters = Array(key.path)
        let place = Int.random(in: 1..<letters.count - 1, using: &random)
        switch Int.random(in: 0..<4, using: &random) {
        case 0: letters.remove(at: place)
        case 1: letters.insert(letters[place], at: place)
        case 2: letters.swapAt(place, place + 1)
        default: letters[place] = "q"
        }
        let slip = String(letters)
        if slip == key.path { continue }
        let found = problems("dcgan", "\(slip)=1").first ?? ""
        if !found.contains(key.path) { missed.append("\(slip): \(found)") }
      }
    }
    #expect(missed.isEmpty)
  }
}
