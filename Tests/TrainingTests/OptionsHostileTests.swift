import Glibc
import Platform
import TestSupport
import Testing
import Training

@Suite("No bytes and no file can make the reader of recipes trap or hang")
struct OptionsHostileTests {
  /// Resolves bytes; the error if they are refused.
  private func outcome(_ bytes: [UInt8], _ overrides: [String] = []) -> OptionsError? {
    do {
      _ = try Options.resolve(yaml: bytes, name: "fuzz", label: "fuzz.yaml", overrides: overrides)
      return nil
    } catch {
      return error
    }
  }

  private func repeated(_ text: String, _ count: Int) -> [UInt8] {
    Array(String(repeating: text, count: count).utf8)
  }

  @Test("hundreds of mutations of recipes are taken or refused, never more")
  func mutations() throws {
    var random = SplitMix64(state: 5)
    let seeds = try Recipes.all.map {
      Array(
        try Options.resolve(
          recipe: $0.name, overrides: ["ring", "grid"].contains($0.name) ? [] : ["data=/d"]
        )
        .canonicalYAML.utf8)
    }
    let pieces = [
      "&a ", "*a", "!!int ", "? ", "- ", "[", "{", "}", "\"", "'", "|", ">", "%", "\0", "---\n", "\u{FEFF}",
      "<<: ",
    ]
    var refused = 0
    for _ in 0..<400 {
      var bytes = seeds.randomElement(using: &random) ?? []
      for _ in 0..<Int.random(in: 1...6, using: &random) {
        let place = Int.random(in: 0..<max(1, bytes.count), using: &random)
        switch Int.random(in: 0..<6, using: &random) {
        case 0: if !bytes.isEmpty { bytes[place] = UInt8.random(in: 0...255, using: &random) }
        case 1: if !bytes.isEmpty { bytes.remove(at: place) }
        case 2: bytes.insert(contentsOf: Array((pieces.randomElement(using: &random) ?? "").utf8), at: place)
        case 3: bytes.removeLast(min(bytes.count, Int.random(in: 0...200, using: &random)))
        case 4:
          bytes.insert(contentsOf: Array(bytes.suffix(Int.random(in: 0...80, using: &random))), at: place)
        default: if !bytes.isEmpty { bytes[place] ^= 1 << UInt8.random(in: 0...7, using: &random) }
        }
      }
      if let error = outcome(bytes) {
        refused += 1
        #expect(error.exitStatus == .configuration)
        #expect(
          error.lines.allSatisfy { !$0.utf8.contains { $0 < 0x20 || $0 == 0x7F } && $0.utf8.count < 4096 })
      }
    }
    #expect(refused > 120)
  }

  @Test("random bytes are refused")
  func noise() {
    var random = SplitMix64(state: 6)
    for _ in 0..<300 {
      let bytes = (0..<Int.random(in: 0...300, using: &random)).map { _ in
        UInt8.random(in: 0...255, using: &random)
      }
      #expect(outcome(bytes) != nil)
      #expect(outcome(bytes.map { $0 & 0x7F | 0x20 }) != nil)
    }
  }

  @Test("every prefix of a recipe is taken or refused")
  func prefixes() throws {
    let text = Array(try Options.resolve(recipe: "dcgan").canonicalYAML.utf8)
    for length in 0..<text.count { _ = outcome(Array(text[..<length])) }
    #expect(outcome(text) == nil)
    #expect(outcome([]) != nil)
  }

  @Test(
    "deep nesting is refused, however it is written",
    arguments: ["[", "{", "- ", "? ", "a: {", "[{", "!", "&a "])
  func depth(opening: String) {
    #expect(outcome(repeated(opening, 100_000)) != nil)
  }

  @Test("ten levels of ten aliases are refused before they are followed")
  func bomb() {
    var text = "a0: &a0 x\n"
    for level in 1...30 {
      let alias = "*a\(level - 1)"
      text += "a\(level): &a\(level) [\(Array(repeating: alias, count: 10).joined(separator: ", "))]\n"
    }
    text += "? *a30\n: 1\n"
    #expect(outcome(Array(text.utf8)) != nil)
  }

  @Test("a megabyte of wrong keys gives a hundred lines and the number of the others")
  func flood() throws {
    let keys = (0..<20_000).map { "wrong\($0): 1\n" }.joined()
    let error = try #require(outcome(Array(keys.utf8)))
    #expect(error.lines.count == 101)
    #expect(error.omitted == 20_000 + 2 - 100)
    #expect(outcome(repeated("batch: 1\n", 100_000)) != nil)
    #expect(
      outcome(repeated("batch: 1\n", 150_000))?.description.contains("larger than 1048576 bytes") == true)
  }

  @Test("long keys and values are shortened where they are named")
  func long() throws {
    let key = String(repeating: "k", count: 500_000)
    let error = try #require(outcome(Array("\(key): 1\nbatch: \(key)\n".utf8)))
    #expect(error.lines.allSatisfy { $0.utf8.count < 1000 })
  }

  @Test(
    "texts shorter than a machine word are read as what they are",
    arguments: ["", "a", "a:", "a: b", "~", "{}", "\"", "\u{FEFF}"])
  func tiny(text: String) {
    #expect(outcome(Array(text.utf8)) != nil)
  }

  @Test("a byte order mark and carriage returns do no harm")
  func lineBreaks() throws {
    let text =
      "\u{FEFF}" + least.split(separator: "\n").joined(separator: "\r\n") + "\r\nseed: 1\r\nseed: 2\r\n"
    #expect(
      outcome(Array(text.utf8))?.lines == [
        "seed is given twice, fuzz.yaml:4:1; keep this one or the one at fuzz.yaml:3:1"
      ])
  }

  @Test("what is not a readable file is refused with its path and status 66")
  func files() throws {
    let folder = "/tmp/lockstep-options-\(getpid())"
    #expect(mkdir(folder, 0o755) == 0)
    defer {
      unlink(folder + "/pipe.yaml")
      unlink(folder + "/big.yaml")
      unlink(folder + "/good.yml")
      rmdir(folder)
    }
    #expect(mkfifo(folder + "/pipe.yaml", 0o644) == 0)
    for (path, words) in [
      ("missing.yaml", "No such file"), ("pipe.yaml", "not a regular file"), ("", "not a regular"),
    ] {
      let error = try #require(throws: OptionsError.self) { try Options.resolve(recipe: "\(folder)/\(path)") }
      #expect(error.exitStatus == .inputMissing)
      #expect(error.description.contains(words) && error.description.contains("\(folder)/\(path); "))
    }
    try write(repeated("# x\n", 300_000), to: folder + "/big.yaml")
    let big = try #require(throws: OptionsError.self) { try Options.resolve(recipe: folder + "/big.yaml") }
    #expect(big.exitStatus == .configuration && big.description.contains("larger than"))
    try write(Array(least.utf8), to: folder + "/good.yml")
    #expect(try Options.resolve(recipe: folder + "/good.yml").recipe == "good")
    try write(Array(least.utf8), to: folder + "/Mine.YAML")
    defer { unlink(folder + "/Mine.YAML") }
    #expect(try Options.resolve(recipe: folder + "/Mine.YAML").recipe == "Mine")
    #expect(problems("Absent.YML").first?.hasPrefix("the recipe cannot be read") == true)
    #expect(throws: OptionsError.self) { try Options.read(path: "a\0b") }
  }

  private func write(_ bytes: [UInt8], to path: String) throws {
    let file = try #require(fopen(path, "w"))
    #expect(fwrite(bytes, 1, bytes.count, file) == bytes.count)
    fclose(file)
  }
}
