import Glibc
import Reporting
import Testing

@Suite("Where reports go")
struct ReportOutputTests {
  /// The terminal end of a pseudo-terminal of `columns` columns; 0 for one that nobody has given a size.
  private func withTerminal(columns: UInt16, _ body: (Int32) -> Void) throws {
    let master = open("/dev/ptmx", O_RDWR | O_NOCTTY)
    try #require(master >= 0)
    defer { close(master) }
    // TIOCSPTLCK and TIOCGPTPEER of asm-generic/ioctls.h, which Swift does not see.
    var lock: Int32 = 0
    try #require(ioctl(master, 0x4004_5431, &lock) == 0)
    let terminal = ioctl(master, 0x5441, O_RDWR | O_NOCTTY)
    try #require(terminal >= 0)
    defer { close(terminal) }
    var size = winsize(ws_row: 24, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0)
    try #require(ioctl(terminal, UInt(TIOCSWINSZ), &size) == 0)
    body(terminal)
  }

  private func output(_ descriptor: Int32, _ environment: [String: String]) -> ReportOutput {
    .descriptor(descriptor) { environment[$0] }
  }

  @Test("a terminal has the width it says")
  func terminal() throws {
    try withTerminal(columns: 97) { terminal in
      let output = output(terminal, ["TERM": "xterm", "LOCKSTEP_COLUMNS": "80"])
      #expect(output.columns() == 97)
      #expect(output.hasColours)
    }
  }

  @Test("a terminal without a width, as mpirun gives its ranks for standard output, is none")
  func widthless() throws {
    try withTerminal(columns: 0) { terminal in
      let output = output(terminal, ["TERM": "xterm", "COLUMNS": "80"])
      #expect(output.columns() == nil && !output.hasColours)
    }
  }

  @Test("NO_COLOR and a dumb terminal are respected")
  func colours() throws {
    try withTerminal(columns: 80) { terminal in
      let uncoloured = output(terminal, ["TERM": "xterm", "NO_COLOR": "1"])
      #expect(uncoloured.columns() == 80 && !uncoloured.hasColours)
      #expect(output(terminal, ["TERM": "xterm", "NO_COLOR": ""]).hasColours)
      let dumb = output(terminal, ["TERM": "dumb"])
      #expect(dumb.columns() == nil && !dumb.hasColours)
    }
  }

  /// What `body` makes of an output into a pipe.
  private func piped(_ environment: [String: String], _ body: (ReportOutput) -> Void) throws -> String {
    var ends: [Int32] = [0, 0]
    try #require(Glibc.pipe(&ends) == 0)
    defer { for end in ends { close(end) } }
    body(output(ends[1], environment))
    var bytes = [UInt8](repeating: 0, count: 256)
    let count = read(ends[0], &bytes, bytes.count)
    return String(decoding: bytes[..<max(count, 0)], as: UTF8.self)
  }

  @Test("a pipe is no terminal; what is written arrives")
  func pipe() throws {
    let text = try piped(["TERM": "xterm", "COLUMNS": "80", "LOCKSTEP_COLUMNS": "wide"]) { output in
      #expect(output.columns() == nil && !output.hasColours)
      let plan = ProgressReporter.Plan(steps: 1, itemsPerStep: 1, linesEvery: 1)
      ProgressReporter(plan, output: output).warning("ñ")
    }
    #expect(text == "warning: ñ\n")
  }

  @Test("for a launcher's terminal live lines are marked, and the last one stays")
  func launched() throws {
    let text = try piped(["LOCKSTEP_COLUMNS": "21", "NO_COLOR": "1"]) { output in
      #expect(output.columns() == 21 && !output.hasColours)
      let plan = ProgressReporter.Plan(steps: 1, itemsPerStep: 1, linesEvery: 1)
      let reporter = ProgressReporter(plan, output: output, clock: { 0 })
      reporter.completed(step: 1, epoch: nil, statistics: [])
      reporter.warning("w")
      reporter.finish("done")
    }
    let line = "step 1/1  elapsed 0s"
    #expect(text == "\u{1E}\(line)\nwarning: w\n\u{1E}\n\(line)\ndone: 1/1 steps, 0s\n")
    let coloured = output(0, ["LOCKSTEP_COLUMNS": "80"])
    #expect(coloured.hasColours || coloured.columns() == nil)
  }
}
