import Platform
import Testing

@Suite("JSON")
struct JSONTests {
  @Test(
    "numbers are written with the fewest digits that give them back",
    arguments: [
      (JSONValue.float(0.1), "0.1"), (.double(Double(Float(0.1))), "0.10000000149011612"),
      (.double(0.1), "0.1"),
      (.double(1e-5), "1e-05"), (.double(3), "3.0"), (.integer(-7), "-7"), (.double(-0.0), "-0.0"),
      (.double(.nan), "null"), (.float(-.infinity), "null"), (.bool(true), "true"), (.null, "null"),
    ])
  func numbers(value: JSONValue, text: String) {
    #expect(value.text == text)
  }

  @Test("every double survives writing and reading")
  func roundTrip() throws {
    var bits: UInt64 = 1
    for _ in 0..<2000 {
      bits = bits &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      let value = Double(bitPattern: bits)
      guard value.isFinite else { continue }
      let text = JSONValue.double(value).text
      #expect(try JSONValue(parsing: Array(text.utf8)).number == value)
    }
  }

  @Test("strings survive, and no control character is written as it is")
  func strings() throws {
    let value = JSONValue.object([
      .init("a\"\\\n\r\t\u{1B}[31m\u{7F}\u{9B}", .string("cerámica 🏺")),
      .init("", .array([.null, .bool(false), .object([])])),
    ])
    let text = value.text
    #expect(text.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control })
    #expect(try JSONValue(parsing: Array(text.utf8)) == value)
  }

  @Test("escapes are read")
  func escapes() throws {
    let text = #" {"k" : "\u00e9\ud83c\udffa\/\b\f" , "n":[1,-2.5e3] } "#
    let value = try JSONValue(parsing: Array(text.utf8))
    #expect(
      value
        == .object([
          .init("k", .string("é🏺/\u{8}\u{C}")), .init("n", .array([.integer(1), .double(-2500)])),
        ]))
  }

  @Test(
    "what is not JSON is refused with the byte at which it stops being JSON",
    arguments: [
      ("", 0), ("{", 1), ("{\"a\":1", 6), ("[1,]", 3), ("01", 0), ("1.", 2), ("1e", 2), ("-", 1), ("nul", 0),
      ("1 2", 2),
      ("NaN", 0), ("\"a\nb\"", 2), ("\"\\x\"", 2), ("\"\\ud800\"", 7), ("\"\\u12\"", 5), ("{1:2}", 1),
      ("1e999", 0),
      ("\"ab", 3),
    ])
  func refusal(text: String, offset: Int) {
    let error = #expect(throws: JSONError.self) { try JSONValue(parsing: Array(text.utf8)) }
    #expect(error?.offset == offset)
  }

  @Test("a tower of brackets is refused, not followed")
  func depth() {
    let text = [UInt8](repeating: UInt8(ascii: "["), count: 1_000_000)
    #expect(throws: JSONError.self) { try JSONValue(parsing: text) }
  }
}
