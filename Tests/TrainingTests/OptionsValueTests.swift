import Testing
import Training

@Suite("A value has one spelling for its type")
struct OptionsValueTests {
  @Test(
    "what is not exactly a whole number in range is refused",
    arguments: [
      "", "abc", "1.0", "1e3", "0x10", "1_000", "+1", "-0", "012", " 8", "8 ", "٣", "NaN", "inf",
      "9223372036854775808",
      "-9223372036854775809", "99999999999999999999999999", "0", "-8", "1048577", "true", "64,", "６４",
    ])
  func integers(text: String) {
    let found = problems("dcgan", "batch=\(text)")
    #expect(found.count == 1)
    #expect(found.first?.hasSuffix("; give a whole number from 1 to 1048576 (samples)") == true, "\(found)")
  }

  @Test(
    "what is not exactly a number in range is refused",
    arguments: [
      "", "abc", "NaN", "nan", ".nan", "inf", "-inf", ".inf", "1e999", "-1e999", "1e-999", "1e-60", "-0",
      "-0.0", "0e5",
      "0x1p3", ".5", "5.", "1e", "1e+", "01", "+1", "1,5", "1_0", "0", "-1", "101", "1e3", " 1", "true",
      "1e1e1", "--1",
    ])
  func numbers(text: String) {
    let found = problems("dcgan", "optimizer.generator.learningRate=\(text)")
    #expect(found.count == 1)
    #expect(found.first?.hasSuffix("; give a number above 0 and at most 100") == true, "\(found)")
  }

  @Test(
    "numbers are taken in decimal and scientific notation",
    arguments: [
      ("1e-4", 1e-4), ("1E-4", 1e-4), ("0.0002", 2e-4), ("1", 1), ("2.5e+1", 25), ("100", 100),
      ("1e-08", 1e-8),
    ])
  func goodNumbers(text: String, value: Double) throws {
    let options = try Options.resolve(
      recipe: "dcgan", overrides: ["optimizer.generator.learningRate=\(text)"])
    #expect(options.optimizer(of: "generator").learningRate == value)
  }

  @Test("the ends of an interval belong to it or not, as it says")
  func ends() {
    #expect(problems("dcgan", "ema.decay=0").isEmpty)
    #expect(problems("dcgan", "ema.decay=1").count == 1)
    #expect(problems("dcgan", "stallTimeout=1").isEmpty)
    #expect(problems("dcgan", "stallTimeout=604800").isEmpty)
    #expect(problems("dcgan", "stallTimeout=604800.5").count == 1)
    #expect(problems("dcgan", "batch=1048576").isEmpty)
    #expect(problems("dcgan", "seed=9223372036854775807").isEmpty)
  }

  @Test(
    "a boolean is true or false",
    arguments: ["True", "TRUE", "yes", "on", "1", "0", "no", "", "\"true\"", "t"])
  func booleans(text: String) {
    #expect(problems("dcgan", "overlap=\(text)").count == 1)
  }

  @Test("threads are auto or a whole number", arguments: ["automatic", "Auto", "0", "-1", "1.5", "1025"])
  func threads(text: String) {
    #expect(problems("dcgan", "threads=\(text)").count == 1)
  }

  @Test("a path may be anything but empty, too long or with a NUL or a byte order mark")
  func paths() throws {
    #expect(problems("dcgan", "data=").count == 1)
    #expect(problems("dcgan", "data=a\0b").count == 1)
    #expect(problems("dcgan", "data=\u{FEFF}b", "title=\u{FEFF}").count == 2)
    #expect(problems("dcgan", "data=\(String(repeating: "a", count: 4097))").count == 1)
    #expect(try resolve(least, "data=./pottery").data == .path("./pottery"))
    #expect(try resolve(least + "data: 5").data == .path("5"))
    #expect(problems(yaml: least + "data: ~").count == 1)
  }
}
