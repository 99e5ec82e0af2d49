import Platform
import Testing
import Training

@Suite("Every key explains itself")
struct OptionsHelpTests {
  @Test("the help names each key with its default, its range and its meaning, in lines that fit a terminal")
  func lines() {
    let text = OptionSchema.helpTextOfAll()
    #expect(text.split(separator: "\n").allSatisfy { $0.count <= 78 })
    let words = text.split { $0 == " " || $0 == "\n" }.joined(separator: " ")
    for key in OptionSchema(family: .dcgan).keys {
      #expect(words.contains("\(key.path)"))
      #expect(words.contains("\(key.help) (\(key.type.summary)"))
    }
    #expect(text.contains("  batch=64\n") && text.contains("  model.family= (required)\n"))
  }

  @Test("the help of all families names each key of each, the common ones once")
  func allFamilies() {
    let text = OptionSchema.helpTextOfAll()
    #expect(text.split(separator: "\n").allSatisfy { $0.count <= 78 })
    let headings = text.split(separator: "\n").filter { $0.hasPrefix("  ") && !$0.hasPrefix("   ") }
    let paths = headings.map { $0.dropFirst(2).prefix { $0 != "=" } }
    for family in ModelFamily.allCases {
      for key in OptionSchema(family: family).keys {
        #expect(paths.contains(Substring(key.path)), "\(key.path)")
      }
    }
    #expect(paths.filter { $0 == "batch" || $0 == "penalty.weight" }.count == 2)
    #expect(text.contains("\nOf wgan-gp:\n"))
  }

  @Test("the help lists the keys that may change on a resume, and no other")
  func resumable() {
    let text = OptionSchema.resumableTextOfAll()
    #expect(text.split(separator: "\n").allSatisfy { $0.count <= 78 })
    let words = Set(text.split { " ,\n".contains($0) }.map(String.init))
    for key in OptionSchema(family: .dcgan).keys {
      let mayChange = key.role != .arithmetic && !key.path.hasPrefix("init.")
      #expect(words.contains(key.path) == mayChange, "\(key.path)")
    }
  }

  @Test("no default on which weights depend changes by the way: digests leave out what changes nothing")
  func golden() {
    let keys = ModelFamily.allCases.flatMap { OptionSchema(family: $0).keys }.filter { !$0.mayChangeOnResume }
    let defaults = Set(
      keys.compactMap { key -> String? in
        guard case .value(let value) = key.fallback else { return nil }
        return "\(key.path)=\(value.canonicalText)"
      }
    ).sorted().joined(separator: "\n")
    #expect(
      SHA256.digest(of: defaults) == "9c6c91879819127ad8746dfd47736542e45f15138597caa6d578550d13f711ca",
      "\(defaults)")
  }

  @Test("every default is a value that the key accepts")
  func defaults() {
    for key in OptionSchema(family: .dcgan).keys {
      guard case .value(let value) = key.fallback, value != .text("") else { continue }
      #expect(problems("dcgan", "\(key.path)=\(value.canonicalText)").isEmpty, "\(key.path)")
    }
  }

  @Test(
    "names of recipes are single parts of a path",
    arguments: ["..", "a/b", "", " a", "a\n", String(repeating: "a", count: 65)])
  func names(name: String) {
    #expect(problems("dcgan", "recipe=\(name)").count == 1)
  }
}
