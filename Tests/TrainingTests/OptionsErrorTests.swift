import Platform
import Testing
import Training

@Suite("Wrong options are all found at once, each in a line that says where and what next")
struct OptionsErrorTests {
  private static let families: String = {
    let names = ModelFamily.allCases.map(\.rawValue)
    return "\(names.dropLast().joined(separator: ", ")) or \(names.last!)"
  }()

  @Test("every problem of a recipe and of the command line is reported in one pass, in order")
  func allAtOnce() {
    let yaml = """
      model:
        family: dcgan
        latant: 100
      batch: 60
      batch: 64
      size: 48
      checkpoint:
        evry: 5
        every: [1, 2]
      overlap: yes
      optimiser:
        generator: {lr: 1}
      seed:
      steps: "10"
      """
    #expect(
      problems(yaml: yaml, "stallTimeout=1e999", "every=5", "epochs", "microBatches=6") == [
        "there is no key \"model.latant\", test.yaml:3:3; did you mean model.latent?",
        "batch is given twice, test.yaml:5:1; keep this one or the one at test.yaml:4:1",
        "size=48 (test.yaml:6:7) is not one of the choices; give 16, 32, 64, 128 or 256 (pixels)",
        "there is no key \"checkpoint.evry\", test.yaml:8:3; did you mean checkpoint.every?",
        "checkpoint.every is a list, test.yaml:9:10; give a whole number from 0 to 1000000000",
        "overlap=yes (test.yaml:10:10) is not a boolean; give true or false",
        "there is no group of keys \"optimiser\", test.yaml:11:1; did you mean optimizer?",
        "seed= (test.yaml:13:6) has no value; give a whole number from 0 to 9223372036854775807",
        "steps=\"10\" (test.yaml:14:8) is text, because it is in quotes; "
          + "give a whole number from 1 to 1000000000 (steps)",
        "stallTimeout=1e999 (command line) is too large for a 32-bit float; "
          + "give a number from 1 to 604800 (seconds)",
        "there is no key \"every\", command line key every; "
          + "did you mean r1.every, dragan.every, augment.every or checkpoint.every?",
        "microBatches=6 (command line) lies between the powers of two 4 and 8; "
          + "give a power of two from 1 to 65536",
        "\"epochs\" has no value, command line key epochs; write epochs=N",
      ])
  }

  @Test("printed after the program's name, every line begins with it")
  func description() throws {
    let error = try #require(throws: OptionsError.self) {
      try Options.resolve(recipe: "dcgan", overrides: ["batch=x", "seed=y"])
    }
    let lines = "lockstep: \(error)".split(separator: "\n")
    #expect(lines.count == 2)
    #expect(lines.allSatisfy { $0.hasPrefix("lockstep: ") })
    #expect(error.exitStatus == .configuration)
  }

  @Test(
    "a batch that the micro-batches do not divide is told which would work",
    arguments: [
      ("batch=60", "batch=56 or 64 would work, or microBatches=4"),
      ("batch=3", "batch=8 would work, or microBatches=1"),
      ("batch=1048575", "batch=1048568 or 1048576 would work, or microBatches=1"),
      ("microBatches=256", "batch=256 would work, or microBatches=128"),
    ])
  func indivisible(word: String, advice: String) {
    let found = problems("dcgan", word)
    #expect(found.count == 1)
    #expect(found.first?.hasSuffix("; \(advice)") == true, "\(found)")
  }

  @Test("an unknown recipe is answered with the nearest and with the list")
  func unknownRecipe() throws {
    let error = try #require(throws: OptionsError.self) { try Options.resolve(recipe: "dcgan-minst") }
    #expect(
      error.lines == [
        "there is no recipe \"dcgan-minst\", command line; did you mean dcgan-mnist? "
          + "Give \(Recipes.all.dropLast().map(\.name).joined(separator: ", ")) or \(Recipes.all.last!.name), or the path of a YAML file"
      ])
    #expect(error.exitStatus == .configuration)
  }

  @Test("an unknown family is reported without doubting the keys that a family has")
  func unknownFamily() {
    let yaml = "model:\n  family: dcgn\n  latent: 5\nsteps: 1\noptimizer:\n  generator:\n    beta1: 0.1\n"
    #expect(
      problems(yaml: yaml) == [
        "model.family=dcgn (test.yaml:2:11) is not one of the choices; did you mean dcgan? Give \(Self.families)"
      ])
    #expect(
      problems(yaml: "steps: 3") == [
        "model.family is missing, test.yaml; give \(Self.families)"
      ])
  }

  @Test("what is not YAML is refused with the line and column")
  func syntax() {
    #expect(problems(yaml: "a: [b\nc: d")[0].hasPrefix("the recipe is not YAML: "))
    #expect(problems(yaml: "a: b: c")[0].contains("test.yaml:1:5"))
    #expect(problems(yaml: "just words")[0].hasPrefix("the recipe is not a list of keys, test.yaml:1:1"))
    #expect(problems(yaml: "- a\n- b")[0].hasPrefix("the recipe is not a list of keys, test.yaml:1:1"))
    #expect(
      problems(yaml: "a: 1\n---\nb: 2")[0].hasPrefix("the recipe is not YAML: but found another document"))
    #expect(problems(yaml: "? [a]\n: 3")[0].hasPrefix("a key is empty or not a word, test.yaml:1:3"))
  }

  @Test("anchors, aliases, tags and merge keys are refused where they stand")
  func anchors() {
    #expect(problems(yaml: least + "seed: &a 4")[0].contains("an anchor (&) or alias (*), test.yaml:3:7"))
    #expect(problems(yaml: least + "seed: &a 4\nbatch: *a").count == 2)
    #expect(problems(yaml: least + "seed: *a")[0].contains("undefined alias, test.yaml:3:7"))
    for tag in ["int", "str"] {
      let found = problems(yaml: least + "seed: !!\(tag) 4")
      #expect(found[0].contains("a tag (!) or merge key (<<), test.yaml:3:7"), "\(found)")
    }
    #expect(problems(yaml: least + "<<: {seed: 4}")[0].contains("merge key"))
  }

  @Test("keys given twice are found in one mapping, dotted and nested, and with quotes")
  func duplicates() {
    let yaml = least + "log: {every: 5}\nlog.every: 6\n\"steps\": 4\nseed: 1\nseed: 2\n'seed': 3\n"
    #expect(
      problems(yaml: yaml) == [
        "log.every is given twice, test.yaml:4:1; keep this one or the one at test.yaml:3:7",
        "steps is given twice, test.yaml:5:1; keep this one or the one at test.yaml:2:1",
        "seed is given twice, test.yaml:7:1; keep this one or the one at test.yaml:6:1",
        "seed is given twice, test.yaml:8:1; keep this one or the one at test.yaml:6:1",
      ])
    #expect(problems("dcgan", "seed=1", "seed=2").count == 1)
  }

  @Test("escape sequences in keys and values are printed as what they are")
  func escapes() {
    let found = problems("dcgan", "b\u{1B}[31match=4", "seed=\u{202E}1\n2")
    #expect(found[0].contains("\"b\\u{1b}[31match\""))
    #expect(found[1].contains("seed=\"\\u{202e}1\\n2\" (command line) is not"))
    #expect(found.allSatisfy { !$0.unicodeScalars.contains { $0.value < 0x20 || $0.value == 0x202E } })
  }
}
