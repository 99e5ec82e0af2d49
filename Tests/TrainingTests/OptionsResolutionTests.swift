import Testing
import Training

@Suite("Options are resolved from defaults, a recipe and the command line")
struct OptionsResolutionTests {
  @Test(
    "every embedded recipe resolves, has a title and says what it shows", arguments: Recipes.all.map(\.name))
  func embedded(name: String) throws {
    let isOfVectors = ["ring", "grid"].contains(name)
    let options = try Options.resolve(recipe: name, overrides: isOfVectors ? [] : ["data=/somewhere"])
    #expect(options.recipe == name)
    #expect(options.data == DataSource(.text(isOfVectors ? name : "/somewhere")))
    #expect(!options.title.isEmpty)
    // What it shows of the data that it embeds.
    let about = try #require(Recipes.all.first { $0.name == name }).about
    #expect(about.count > 40 && !about.contains("\n"))
  }

  @Test("the quickstart has the values of Radford et al. 2016")
  func quickstart() throws {
    let options = try Options.resolve(recipe: "dcgan")
    #expect(options.family == .dcgan && options.data == .pottery && options.dataset.count == 60_000)
    #expect(options.size == 32 && options.channels == 1)
    #expect(options.batch == 128 && options.microBatches == 8 && options.threads == .automatic)
    #expect(options.optimizers.map(\.network) == ["discriminator", "generator"])
    let adam = options.optimizer(of: "generator")
    #expect(adam.learningRate == 2e-4 && adam.beta1 == 0.5 && adam.beta2 == 0.999 && adam.epsilon == 1e-8)
    #expect(options.ema.decay == 0.999)
    #expect(options.model[DCGANOptions.latent] == 100)
    #expect(options.model[DCGANOptions.generatorFeatures] == 64)
    #expect(options.model[DCGANOptions.discriminatorFeatures] == 64)
  }

  @Test("a word of the command line wins over the recipe, and the recipe over the default")
  func layers() throws {
    let recipe = least + "batch: 128\ncheckpoint:\n  every: 7\noptimizer.generator.learningRate: 1e-3\n"
    let options = try resolve(
      recipe, "checkpoint.every=9", "optimizer.discriminator.beta1=0", "threads=2", "overlap=false", "seed=7",
      "model.latent=10", "data=pot=tery")
    #expect(options.batch == 128)
    #expect(options.checkpoint.every == 9)
    #expect(options.checkpoint.keepLast == 3)
    #expect(options.optimizer(of: "generator").learningRate == 1e-3)
    #expect(options.optimizer(of: "discriminator").beta1 == 0)
    #expect(options.threads == .fixed(2))
    #expect(!options.overlap)
    #expect(options.seed == 7)
    #expect(options.model[DCGANOptions.latent] == 10)
    #expect(options.data == .path("pot=tery"))
    #expect(options.recipe == "test")
  }

  @Test("a file whose name is none for a recipe is told how to get one, and takes one")
  func fileName() throws {
    func resolve(_ more: String, _ words: [String] = []) throws(OptionsError) -> String {
      try Options.resolve(
        yaml: Array((least + more).utf8), name: "mi receta ñ", label: "mi receta ñ.yaml", overrides: words
      ).recipe
    }
    #expect(try resolve("recipe: mia") == "mia")
    #expect(try resolve("", ["recipe=mia"]) == "mia")
    let error = #expect(throws: OptionsError.self) { try resolve("") }
    #expect(error?.lines.count == 1)
    #expect(
      error?.lines.first?.hasPrefix(
        "\"mi receta ñ\" is no name for a recipe, mi receta ñ.yaml; rename the file, or add recipe: NAME to it"
      )
        == true, "\(error as Any)")
  }

  @Test("steps and epochs govern alone: the later source wins, one source with both is refused")
  func length() throws {
    #expect(try resolve(least).length == .steps(10))
    #expect(try resolve(least, "epochs=2.5").length == .epochs(2.5))
    #expect(try resolve("model.family: dcgan\nepochs: 3", "steps=5").length == .steps(5))
    #expect(
      problems(yaml: least + "epochs: 3") == [
        "both steps and epochs are given, test.yaml:3:1; leave out epochs, or steps (test.yaml:2:8)"
      ])
    let falling = least + "optimizer:\n  generator:\n    decay: cosine\n"
    #expect(
      problems(yaml: falling, "steps=4", "epochs=1") == [
        "both steps and epochs are given, command line key epochs; "
          + "leave out epochs, or steps (command line key steps)"
      ])
    #expect(
      problems(yaml: "model.family: dcgan") == [
        "neither steps nor epochs is given, test.yaml; add steps=N or epochs=N"
      ])
    #expect(problems("dcgan", "steps=1", "epochs=1").count == 1)
  }

  @Test("epochs become ceil(epochs * samples / batch) steps")
  func epochs() {
    #expect(RunLength.epochs(1).steps(samples: 60_000, batch: 64) == 938)
    #expect(RunLength.epochs(2).steps(samples: 64, batch: 64) == 2)
    #expect(RunLength.epochs(0.5).steps(samples: 10, batch: 64) == 1)
    #expect(RunLength.epochs(1_000_000).steps(samples: Int.max, batch: 1) == Int.max)
    #expect(RunLength.steps(12).steps(samples: 1, batch: 1) == 12)
  }

  @Test("a recipe that leaves a key to be said asks for it in its own words")
  func required() throws {
    let found = problems("dcgan-mnist")
    #expect(found.count == 1)
    #expect(found[0].hasPrefix("data= must name the folder with the IDX files"))
    #expect(found[0].hasSuffix(", embedded dcgan-mnist.yaml; add data=PATH to the command line"))
    #expect(problems(yaml: least + "required: {dta: x}")[0].contains("unknown key \"dta\""))
  }

  @Test("the number of samples belongs to embedded data")
  func sampleCount() throws {
    let counted = least + "dataset: {count: 500}\n"
    #expect(try resolve(counted).dataset.count == 500)
    #expect(try resolve(counted, "data=/images").dataset.count == nil)
    #expect(
      problems(yaml: counted + "data: /images") == [
        "dataset.count is given, but only embedded data have as many samples as one likes, test.yaml:3:18; "
          + "remove it, or name embedded data such as data=pottery"
      ])
    #expect(problems("dcgan", "data=/images", "dataset.count=5").count == 1)
  }

  @Test("a run's options file is named after its recipe, any other recipe after its file")
  func names() throws {
    #expect(try resolve(least + "recipe: mine").recipe == "mine")
    #expect(
      throws: OptionsError.self,
      performing: { try Options.resolve(yaml: Array(least.utf8), name: "my recipe", label: "my recipe.yaml") }
    )
  }
}
