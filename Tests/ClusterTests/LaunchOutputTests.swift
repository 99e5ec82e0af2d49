import Cluster
import Platform
import Testing
import Training

@Suite("What mpirun says reaches the terminal of launch")
struct LaunchOutputTests {
  private let rule = String(repeating: "-", count: 74)

  private var box: String {
    """
    \(rule)
    Primary job  terminated normally, but 1 process returned
    a non-zero exit code. Per user-direction, the job has been aborted.
    \(rule)
    \(rule)
    mpirun detected that one or more processes exited with non-zero status, thus causing
    the job to be terminated. The first process to do so was:

      Process name: [[30803,1],0]
      Exit code:    75
    \(rule)

    """
  }

  /// What comes of a text that arrives in pieces.
  private func passed(_ text: String, pieces: Int) -> String {
    var output = LaunchOutput()
    let bytes = Array(text.utf8)
    var result: [UInt8] = []
    for start in stride(from: 0, to: bytes.count, by: pieces) {
      result += output.pass(bytes[start..<min(start + pieces, bytes.count)])
    }
    return String(decoding: result + output.release(), as: UTF8.self)
  }

  @Test("boxes about exit codes are left out, everything else is passed on", arguments: [1, 7, 10_000])
  func boxes(pieces: Int) {
    let other = "\(rule)\nThere are not enough slots available\n\(rule)\n"
    let text = "step 1\rstep 2\n\(box)--- a list\n\(other)-\n\nstopped early\n"
    #expect(passed(text, pieces: pieces) == text.replacing(box, with: ""))
    #expect(passed("\(rule)\nbroken off", pieces: pieces) == "\(rule)\nbroken off")
  }

  @Test(
    "the box about a rank that has ended the others is left out where a rank has said why",
    arguments: [1, 999])
  func abort(pieces: Int) {
    let box = """
      \(rule)
      MPI_ABORT was invoked on rank 0 in communicator MPI COMMUNICATOR 4 DUP FROM 0
      with errorcode 73.

      NOTE: invoking MPI_ABORT causes Open MPI to kill all MPI processes.
      You may or may not see output from other processes, depending on
      exactly when Open MPI kills them.
      \(rule)

      """
    let cause =
      "lockstep: cannot create the file: Read-only file system, /runs/a; choose another run folder\n"
    for text in [cause + box, box + cause, box] {
      var output = LaunchOutput()
      let bytes = Array(text.utf8)
      var shown: [UInt8] = []
      for start in stride(from: 0, to: bytes.count, by: pieces) {
        shown += output.pass(bytes[start..<min(start + pieces, bytes.count)])
      }
      shown += output.end()
      #expect(String(decoding: shown, as: UTF8.self) == (text == box ? box : cause), "whichever comes first")
    }
  }

  @Test("a rank's error that comes into a box is shown, and the box is left out", arguments: [1, 999])
  func errorInBox(pieces: Int) {
    let error = "lockstep: cannot write: No space left on device, /runs/a; free some space\n"
    let abort = "\(rule)\nMPI_ABORT was invoked on rank 0\n\(error)with errorcode 73.\n\(rule)\n"
    #expect(passed(abort, pieces: pieces) == error)
    #expect(passed(box.replacing("  Exit code:", with: "\(error)  Exit code:"), pieces: pieces) == error)
  }

  @Test("what is held back is released where it is too long for a box, or is not continued")
  func released() {
    let table = "\(rule)\n" + String(repeating: "a row of a table\n", count: 400)
    var output = LaunchOutput()
    #expect(output.pass(Array(table.utf8)).count > 2000)
    let dashes = String(repeating: "-", count: 9000) + "end"
    #expect(passed(dashes + "\nnext\n", pieces: 1000) == dashes + "\nnext\n")
    var early = LaunchOutput()
    #expect(early.pass(Array("\(rule)\nhalf".utf8)).isEmpty)
    #expect(early.release() == Array("\(rule)\nhalf".utf8))
    #expect(early.pass(Array(" a box\n".utf8)) == Array(" a box\n".utf8))
  }

  @Test("a line that is not finished is passed on at once, and read when it is whole")
  func lines() {
    var output = LaunchOutput()
    #expect(output.pass(Array("step 1\r".utf8)) == Array("step 1\r".utf8))
    #expect(output.lines.isEmpty)
    _ = output.pass(Array("step 2\n\(box)".utf8))
    #expect(output.lines.first == "step 1\rstep 2" && output.lines.count == 12)
  }

  @Test("marked lines are one live line below all else, and no lines of the run", arguments: [1, 5, 10_000])
  func live(pieces: Int) {
    let text = "model: m\n\u{1E}step 1\n\u{1E}step 2\n\(box)lockstep: a warning\n\u{1E}\nstep 2\ndone\n"
    #expect(
      passed(text, pieces: pieces)
        == "model: m\nstep 1\r\u{1B}[Kstep 2\r\u{1B}[Klockstep: a warning\nstep 2\r\u{1B}[Kstep 2\ndone\n")
    var output = LaunchOutput()
    _ = output.pass(Array(text.utf8))
    #expect(!output.lines.contains { $0.contains("\u{1E}") } && output.lines.contains("lockstep: a warning"))
  }

  @Test("a live line ends with the run, waits for the end of another's line, and is never shown in parts")
  func liveEnds() {
    func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
    var output = LaunchOutput()
    #expect(text(output.pass(Array("\u{1E}step 1".utf8)) + output.release()) == "")
    #expect(text(output.pass(Array("0\nhalf".utf8))) == "step 10\r\u{1B}[Khalf")
    #expect(text(output.pass(Array(" a line\n\u{1E}step 11\n".utf8))) == " a line\nstep 10\r\u{1B}[Kstep 11")
    #expect(text(output.end()) == "\n")
    #expect(text(output.end()) == "")
  }

  @Test("a live line that is not to be shown is dropped, but the last one stands below the next whole line")
  func liveIsHidden() {
    func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
    var output = LaunchOutput()
    #expect(text(output.pass(Array("\u{1E}step 1\n".utf8))) == "step 1")
    output.showsLive = false
    #expect(text(output.pass(Array("\u{1E}step 2\n\u{1E}step 3\n".utf8))) == "")
    #expect(text(output.pass(Array("saved\n".utf8))) == "\r\u{1B}[Ksaved\nstep 3")
    output.showsLive = true
    #expect(text(output.pass(Array("\u{1E}step 4\n".utf8))) == "\r\u{1B}[Kstep 4")
  }
}
