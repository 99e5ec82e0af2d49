import Reporting
import TestSupport
import Testing

@Suite("Errors of reporting")
struct ReportingErrorTests {
  @Test("each is one line: what, where, what to do next")
  func descriptions() {
    #expect(
      ReportingError.cannotWrite(path: "run/log.jsonl", operation: "write", errno: 28).description
        == "cannot write, run/log.jsonl (write: No space left on device); "
        + "free some space on that file system, then resume")
    #expect(
      ReportingError.malformedLog(path: "log.jsonl", line: 7, reason: "it has no step").description
        == "the log is damaged, log.jsonl line 7 (it has no step); "
        + "move the file away and resume to begin a new one")
    #expect(
      ReportingError.logExists(path: "a\nb\u{1B}").description
        == #"the log already has lines, a\nb\u{1b}; resume that run or choose another run folder"#)
  }

  @Test("a log that is no regular file is refused before it is read, for it may have no end")
  func endlessFile() {
    #expect(
      throws: ReportingError.cannotRead(path: "/dev/zero", operation: "open as a regular file", errno: 22)
    ) {
      try JSONLinesLog.resume("/dev/zero", afterStep: 1)
    }
  }

  @Test("a log behind a symbolic link is not written")
  func symbolicLink() throws {
    let folder = TemporaryFolder()
    folder.write("", to: "elsewhere")
    folder.link("log.jsonl", to: "elsewhere")
    let path = folder.path(of: "log.jsonl")
    #expect(throws: ReportingError.cannotWrite(path: path, operation: "open", errno: 40)) {
      try JSONLinesLog.create(path)
    }
  }
}
