import Platform
import Reporting
import TestSupport
import Testing

@Suite("The log")
struct JSONLinesLogTests {
  private let folder = TemporaryFolder()
  private var path: String { folder.path(of: "log.jsonl") }

  private func log(steps: ClosedRange<Int>) throws -> JSONLinesLog {
    let log = try JSONLinesLog.create(path)
    for step in steps { try log.append(step: step, [("loss", .float(Float(step) / 4))]) }
    return log
  }

  @Test("a line has the step first, then the caller's keys in order")
  func order() throws {
    let log = try JSONLinesLog.create(path)
    try log.append(
      step: 3,
      [
        ("zeta", .integer(1)), ("alpha", .string("a\nb")), ("ok", .bool(true)),
        ("list", .array([.float(0.1)])),
      ])
    #expect(
      folder.text(of: "log.jsonl") == #"{"step":3,"zeta":1,"alpha":"a\nb","ok":true,"list":[0.1]}"# + "\n")
  }

  @Test("a number that JSON cannot hold is null, and the last key says what it was")
  func nonFinite() throws {
    let log = try JSONLinesLog.create(path)
    try log.append(step: 1, [("d", .double(.nan)), ("g", .float(1.5)), ("h", .float(-.infinity))])
    #expect(
      folder.text(of: "log.jsonl")
        == #"{"step":1,"d":null,"g":1.5,"h":null,"nonFinite":{"d":"nan","h":"-inf"}}"# + "\n")
    let series = try JSONLinesLog.series(["d", "h", "g", "absent"], of: path)
    #expect(series[0].points.map(\.y.isNaN) == [true])
    #expect(series[1].points == [.init(x: 1, y: -.infinity)])
    #expect(series[2].points == [.init(x: 1, y: 1.5)])
    #expect(series[3].points.isEmpty)
  }

  @Test("resuming keeps the lines up to the checkpoint and goes on behind them", arguments: [0, 3, 5, 9])
  func resume(step: Int) throws {
    _ = try log(steps: 1...5)
    let resumed = try JSONLinesLog.resume(path, afterStep: step)
    try resumed.append(step: 10, [("loss", .float(2.5))])
    let series = try JSONLinesLog.series(["loss"], of: path)[0]
    #expect(series.points.map(\.x) == (1...5).filter { $0 <= step }.map(Double.init) + [10])
    #expect(folder.names == ["log.jsonl"])
  }

  @Test("of lines with much in them, resuming keeps those up to the checkpoint, and a series has its numbers")
  func arrays() throws {
    let log = try JSONLinesLog.create(path)
    var end = 0
    for step in 1...300 {
      let times = JSONValue.array((0..<64).map { .double(Double(step * $0) / 7) })
      try log.append(
        step: step, [("ranks", times), ("loss", .double(step % 3 == 0 ? .nan : 0.5)), ("more", times)])
      if step == 150 { end = try #require(folder.bytes(of: "log.jsonl")).count }
    }
    let all = try #require(folder.bytes(of: "log.jsonl"))
    let series = try JSONLinesLog.series(["loss", "ranks"], of: path)
    #expect(series[0].points.map(\.x) == (1...300).map(Double.init) && series[1].points.isEmpty)
    #expect(series[0].points.count(where: \.y.isNaN) == 100)
    #expect(try JSONLinesLog.resume(path, afterStep: 150).lastStep == 150)
    #expect(folder.bytes(of: "log.jsonl") == Array(all.prefix(end)))
  }

  @Test(
    "what is damaged in a member that nobody asks for is damage too",
    arguments: [#""more":[1,]"#, #""loss":2,"loss":3"#, #""more":{"a":1,"a":2}"#, #""more":01"#])
  func damagedMember(_ member: String) throws {
    folder.write(#"{"step":1,"loss":1,"# + member + "}\n" + #"{"step":2,"loss":1}"# + "\n", to: "log.jsonl")
    #expect(throws: ReportingError.self) { try JSONLinesLog.resume(path, afterStep: 2) }
    #expect(throws: ReportingError.self) { try JSONLinesLog.series(["other"], of: path) }
  }

  @Test("kill and resume in a circle leave the same bytes as one run")
  func circle() throws {
    _ = try log(steps: 1...6)
    let straight = folder.bytes(of: "log.jsonl")
    for checkpoint in [0, 2, 4, 5, 6] {
      let resumed = try JSONLinesLog.resume(path, afterStep: checkpoint)
      for step in checkpoint..<6 {
        try resumed.append(step: step + 1, [("loss", .float(Float(step + 1) / 4))])
      }
      #expect(folder.bytes(of: "log.jsonl") == straight)
    }
  }

  @Test("a torn last line goes, wherever it was torn")
  func tornLine() throws {
    _ = try log(steps: 1...3)
    let whole = try #require(folder.text(of: "log.jsonl"))
    let start = whole.utf8.count - "{\"step\":3,\"loss\":0.75}\n".utf8.count
    for length in start..<whole.utf8.count {
      folder.write(String(whole.prefix(length)), to: "log.jsonl")
      _ = try JSONLinesLog.resume(path, afterStep: 100)
      #expect(folder.text(of: "log.jsonl") == String(whole.prefix(start)))
    }
  }

  @Test("a last line of zeros, as a power cut leaves, goes too")
  func zeros() throws {
    folder.write("{\"step\":1}\n\0\0\0\0\n", to: "log.jsonl")
    _ = try JSONLinesLog.resume(path, afterStep: 100)
    #expect(folder.text(of: "log.jsonl") == "{\"step\":1}\n")
  }

  @Test(
    "damage before the last line is an error that names the line, and changes nothing",
    arguments: ["{\"step\":1}\n{\"st\n{\"step\":3}\n", "{\"step\":1}\n{}\n", "{\"step\":2}\n{\"step\":2}\n"])
  func damage(text: String) {
    expectDamage(text, afterStep: 2, line: 2)
  }

  /// Expects that a resume names the line of a log that is damaged, and leaves the log as it is.
  private func expectDamage(_ text: String, afterStep step: Int, line: Int) {
    folder.write(text, to: "log.jsonl")
    let error = #expect(throws: ReportingError.self) { try JSONLinesLog.resume(path, afterStep: step) }
    guard case .malformedLog(path, line, _)? = error else {
      Issue.record("\(String(describing: error)) does not name line \(line)")
      return
    }
    #expect(folder.text(of: "log.jsonl") == text)
  }

  @Test(
    "damage behind the checkpoint goes with the lines that go; a line up to it that stands there does not")
  func damageBehind() throws {
    let kept = "{\"step\":1}\n{\"step\":3}\n"
    for rest in [
      "{\"st\n{\"step\":4}\n", "{\"step\":4}\n{\"st\n{\"step\":6}\n",
      "{\"step\":6}\n{}\n\0\n{\"step\":5}\n{\"step\":7",
    ] {
      folder.write(kept + rest, to: "log.jsonl")
      _ = try JSONLinesLog.resume(path, afterStep: 3)
      #expect(folder.text(of: "log.jsonl") == kept)
    }
    for text in [
      "{\"step\":1}\n{\"step\":2}\n{\"st\n{\"step\":4}\n",
      "{\"step\":1}\n{\"step\":9}\n{\"step\":3}\n{\"step\":4}\n",
    ] {
      expectDamage(text, afterStep: 3, line: 3)
    }
  }

  @Test(
    "what is cut off is durably so, and where nothing is, nothing is written", arguments: [(5, 0), (3, 2)])
  func durable(step: Int, calls: Int) throws {
    _ = try log(steps: 1...5)
    // The file, then its folder.
    var count = 0
    var counting = FileCalls()
    counting.synchronize = { _ in
      count += 1
      return 0
    }
    _ = try JSONLinesLog.resume(path, afterStep: step, calls: counting)
    #expect(count == calls)
  }

  @Test("the numbers at a step are those of its line or the last before, whatever has become of later ones")
  func lastNumbers() throws {
    #expect(try JSONLinesLog.lastNumbers(of: path, upTo: 5) == nil)
    folder.write(
      #"{"step":2,"loss":0.5,"word":"a"}"# + "\n{\"step\":4}\n{\"st\n{\"step\":9}\n", to: "log.jsonl")
    #expect(try JSONLinesLog.lastNumbers(of: path, upTo: 1) == nil)
    for step in 2...3 {
      let line = try #require(try JSONLinesLog.lastNumbers(of: path, upTo: step))
      #expect(line.step == 2 && line.values.map(\.name) == ["loss"] && line.values.map(\.value) == [0.5])
    }
    #expect(try JSONLinesLog.lastNumbers(of: path, upTo: 4)?.step == 4)
  }

  @Test("a new log does not begin in an old one; a resumed one may begin from nothing")
  func existence() throws {
    _ = try log(steps: 1...1)
    #expect(throws: ReportingError.logExists(path: path)) { try JSONLinesLog.create(path) }
    let other = folder.path(of: "other.jsonl")
    _ = try JSONLinesLog.resume(other, afterStep: 7)
    #expect(folder.text(of: "other.jsonl") == "")
  }

  @Test("a full disk leaves the log as it was before the line")
  func fullDisk() throws {
    // Writing to /dev/full fails with ENOSPC, as a full disk does.
    let log = try JSONLinesLog.create("/dev/full")
    for _ in 0..<2 {
      let error = #expect(throws: ReportingError.self) { try log.append(step: 1, []) }
      #expect(error?.description.contains("/dev/full (write: No space left on device)") == true)
    }
  }
}
