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
      let output = output(terminal, ["TERM": "xterm", "COLUMNS": "80"])
      #expect(output.columns() == 97)
      #expect(output.hasColours)
    }
  }

  @Test("a terminal without a width, as mpirun gives its ranks, is one only if COLUMNS says so")
  func widthless() throws {
    try withTerminal(columns: 0) { terminal in
      #expect(output(terminal, ["TERM": "xterm"]).columns() == nil)
      #expect(output(terminal, ["TERM": "xterm", "COLUMNS": "80"]).columns() == 80)
      #expect(output(terminal, ["TERM": "xterm", "COLUMNS": "wide"]).columns() == nil)
      #expect(output(terminal, ["TERM": "xterm", "COLUMNS": "-1"]).columns() == nil)
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

  @Test("a pipe is no terminal, whatever the environment says; what is written arrives")
  func pipe() throws {
    var ends: [Int32] = [0, 0]
    try #require(Glibc.pipe(&ends) == 0)
    defer { for end in ends { close(end) } }
    let output = output(ends[1], ["TERM": "xterm", "COLUMNS": "80"])
    #expect(output.columns() == nil && !output.hasColours)
    let plan = ProgressReporter.Plan(steps: 1, itemsPerStep: 1, linesEvery: 1)
    ProgressReporter(plan, output: output).warning("ñ")
    var bytes = [UInt8](repeating: 0, count: 64)
    let count = read(ends[0], &bytes, bytes.count)
    #expect(String(decoding: bytes[..<max(count, 0)], as: UTF8.self) == "warning: ñ\n")
  }
}
