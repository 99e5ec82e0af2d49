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
}
