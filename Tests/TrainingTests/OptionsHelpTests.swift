import Testing
import Training

@Suite("Every key explains itself")
struct OptionsHelpTests {
  @Test("the help names each key with its default, its range and its meaning, in lines that fit a terminal")
  func lines() {
    let schema = OptionSchema(family: .dcgan)
    let text = schema.helpText()
    #expect(text.split(separator: "\n").allSatisfy { $0.count <= 78 })
    let words = text.split { $0 == " " || $0 == "\n" }.joined(separator: " ")
    for key in schema.keys {
      #expect(words.contains("\(key.path)"))
      #expect(words.contains("\(key.help) (\(key.type.summary)"))
    }
    #expect(text.contains("  batch=64\n") && text.contains("  model.family= (required)\n"))
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
