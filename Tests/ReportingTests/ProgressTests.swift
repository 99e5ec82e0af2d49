import Reporting
import Testing

/// A terminal, or a file, that remembers; and a clock that stands until it is moved.
private final class Recorder {
  var text = ""
  var now = 100.0

  func reporter(
    _ plan: ProgressReporter.Plan, columns: Int? = nil, hasColours: Bool = false
  ) -> ProgressReporter {
    let output = ReportOutput(hasColours: hasColours, columns: { columns }, write: { self.text += $0 })
    return ProgressReporter(plan, output: output, clock: { self.now })
  }
}

@Suite("Progress")
struct ProgressTests {
  private let recorder = Recorder()
  private let plan = ProgressReporter.Plan(steps: 4, itemsPerStep: 64, linesEvery: 2)

  private func run(_ reporter: ProgressReporter, steps: ClosedRange<Int>, secondsPerStep: Double = 0.5) {
    for step in steps {
      recorder.now += secondsPerStep
      reporter.completed(
        step: step, epoch: Double(step) / 8,
        statistics: [("loss D", 0.69315), ("loss G", 12.3456), ("D(x)", 0.5), ("D(G(z))", .nan)])
    }
  }

  @Test("where lines stay there is a whole line every so many steps")
  func plainLines() {
    let reporter = recorder.reporter(plan)
    run(reporter, steps: 1...3)
    reporter.notice("checkpoint", path: "run/checkpoints/step-00000003")
    run(reporter, steps: 4...4)
    reporter.finish("done")
    #expect(
      recorder.text == """
        step 2/4  epoch 0.25  loss D 0.6932  loss G 12.346  D(x) 0.5000  D(G(z)) nan  \
        128 images/s  ETA 1s  elapsed 1s
        checkpoint: run/checkpoints/step-00000003
        step 4/4  epoch 0.50  loss D 0.6932  loss G 12.346  D(x) 0.5000  D(G(z)) nan  \
        128 images/s  ETA 0s  elapsed 2s
        done: 4/4 steps, 2s, 128 images/s

        """)
  }

  @Test("the last step has a line though it is no multiple")
  func lastLine() {
    let reporter = recorder.reporter(.init(steps: 3, itemsPerStep: 1, itemName: "tokens", linesEvery: 10))
    for step in 1...3 {
      recorder.now += 1
      reporter.completed(step: step, epoch: nil, statistics: [])
    }
    #expect(recorder.text == "step 3/3  1.00 tokens/s  ETA 0s  elapsed 3s\n")
  }

  @Test("on a terminal one line is overwritten, at most ten times a second, and notices go above it")
  func liveLine() {
    let reporter = recorder.reporter(plan, columns: 200)
    run(reporter, steps: 1...2, secondsPerStep: 0.06)
    let line = "step 1/4  epoch 0.13  loss D 0.6932  loss G 12.346  D(x) 0.5000  D(G(z)) nan"
    let first = "\r\u{1B}[K\(line)  1,067 images/s  ETA 0s  elapsed 0s"
    #expect(recorder.text == first)
    reporter.notice("samples", path: "a.png")
    #expect(recorder.text == first + "\r\u{1B}[Ksamples: a.png\n" + first.dropFirst(4))
    recorder.text = ""
    run(reporter, steps: 3...4, secondsPerStep: 0.06)
    #expect(recorder.text.hasPrefix("\r\u{1B}[Kstep 3/4"))
    #expect(recorder.text.contains("\r\u{1B}[Kstep 4/4"))
    reporter.finish("done")
    #expect(recorder.text.hasSuffix("elapsed 0s\ndone: 4/4 steps, 0s, 1,067 images/s\n"))
  }

  @Test("a narrow terminal gets fewer fields, never a second line", arguments: 1...130)
  func narrow(columns: Int) {
    let reporter = recorder.reporter(plan, columns: columns)
    run(reporter, steps: 1...1)
    let shown = recorder.text.dropFirst(4)
    #expect(shown.count < max(columns, 2))
    #expect(shown.hasPrefix("step 1/4") || columns < 9)
    if (60..<80).contains(columns) { #expect(shown.contains("loss D") && !shown.contains("epoch")) }
  }

  @Test("control characters in names, paths and messages are shown, not sent")
  func escapes() {
    let reporter = recorder.reporter(plan)
    reporter.warning("class \u{1B}[2J\nname\u{202E}")
    reporter.notice("sam\rples", path: "/tmp/\u{9B}31m")
    reporter.completed(step: 4, epoch: nil, statistics: [("\u{7}", 1)])
    let lines = recorder.text.split(separator: "\n")
    #expect(lines[0] == #"warning: class \u{1b}[2J\nname\u{202e}"#)
    #expect(lines[1] == #"sam\rples: /tmp/\u{9b}31m"#)
    #expect(lines[2].contains(#"\u{7} 1.0000"#))
  }

  @Test("colours are used only where they are understood")
  func colours() {
    let plain = recorder.reporter(plan, columns: 80)
    plain.warning("w")
    #expect(recorder.text == "warning: w\n")
    recorder.text = ""
    recorder.reporter(plan, columns: 80, hasColours: true).warning("w")
    #expect(recorder.text == "\u{1B}[33mwarning:\u{1B}[0m w\n")
  }

  @Test("the remaining time follows the recent speed")
  func remainingTime() {
    let reporter = recorder.reporter(.init(steps: 1000, itemsPerStep: 10, linesEvery: 100))
    // A hundred steps of 1 s each, then a hundred of 0.1 s.
    for step in 1...200 {
      recorder.now += step <= 100 ? 1 : 0.1
      reporter.completed(step: step, epoch: nil, statistics: [])
    }
    let lines = recorder.text.split(separator: "\n")
    #expect(lines[0] == "step 100/1000  10.0 images/s  ETA 15m00s  elapsed 1m40s")
    // 800 steps: 80 s at the new speed, 440 s at the average.
    let words = lines[1].split(separator: " ").map(String.init)
    let remaining = words[words.firstIndex(of: "ETA")! + 1]
    #expect(remaining.hasPrefix("2m") || remaining.hasPrefix("3m"))
  }

  @Test("a resumed run counts its own steps only")
  func resumed() {
    let reporter = recorder.reporter(.init(steps: 1002, firstStep: 1000, itemsPerStep: 64, linesEvery: 1))
    run(reporter, steps: 1001...1002)
    #expect(
      recorder.text.contains("128 images/s  ETA 1s  elapsed 1s")
        || recorder.text.contains("ETA 0s  elapsed 0s"))
    #expect(!recorder.text.contains("64,"))
    reporter.finish("done")
    #expect(recorder.text.hasSuffix("done: 1002/1002 steps, 1s, 128 images/s\n"))
  }

  @Test("a silent reporter may be told everything")
  func silence() {
    let reporter = ProgressReporter.silent
    run(reporter, steps: 1...2)
    reporter.notice("checkpoint", path: "x")
    reporter.warning("w")
    reporter.finish("done")
  }

  @Test(
    "durations and rates show two units or three digits",
    arguments: [
      (0.2, "0s"), (59.4, "59s"), (59.6, "1m00s"), (185, "3m05s"), (7620, "2h07m"), (273_600, "3d04h"),
      (.nan, "–"),
      (.infinity, "–"), (-1, "–"),
    ])
  func durations(seconds: Double, text: String) {
    #expect(ProgressText.duration(seconds) == text)
  }

  @Test(
    "statistics show four decimals, fewer the larger they are, or two digits and an exponent",
    arguments: [
      (0.0, "0.0000"), (0.0012345, "0.0012"), (0.69314, "0.6931"), (-12.3456, "-12.346"), (123.456, "123.46"),
      (12345.6, "12346"),
      (1.234e-5, "1.2e-05"), (-9.96e-10, "-1.0e-09"), (4.2e12, "4.2e+12"), (.nan, "nan"),
      (-.infinity, "-inf"),
    ])
  func statistics(value: Double, text: String) {
    #expect(ProgressText.statistic(value) == text)
  }
}
