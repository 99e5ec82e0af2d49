import Testing
import Training

@Suite("Every key explains itself")
struct OptionsHelpTests {
  @Test("the help has one line for each key with its default, its range and its meaning")
  func lines() {
    let schema = OptionSchema(family: .dcgan)
    let lines = schema.helpText.split(separator: "\n")
    #expect(lines.count == schema.keys.count)
    for (line, key) in zip(lines, schema.keys) {
      #expect(line.hasPrefix("  \(key.path) "))
      #expect(line.contains(key.help) && line.contains(key.type.summary) && line.contains(key.unit))
    }
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
