import Cluster
import Glibc
import Platform
import Synchronization
import Testing

@Suite("What launch writes on standard error")
struct BackgroundOutputTests {
  private final class Written: Sendable {
    let texts = Mutex<[String]>([])
    /// Whether nothing is taken.
    let isHeld = Monitor(true)

    func take(_ text: String) {
      isHeld.wait { $0 ? nil : () }
      texts.withLock { $0.append(text) }
    }
  }

  @Test("an output that takes nothing does not hold up who writes, and gets all in its order later")
  func held() {
    let written = Written()
    let output = BackgroundOutput { written.take("\($0) left out") }
    for text in 0..<9 { output.add(1000) { written.take("\(text)") } }
    #expect(written.texts.withLock { $0.isEmpty } && !output.isWritten && !output.isBehind)
    for text in 9..<20 { output.add(1000) { written.take("\(text)") } }
    #expect(output.isBehind)
    written.isHeld.withLock { $0 = false }
    for _ in 0..<5000 where !output.isWritten { usleep(2000) }
    #expect(written.texts.withLock { $0 } == (0..<20).map { "\($0)" })
  }

  @Test("what has no room and is not to be kept is left out, and how much it was is said in its place")
  func leftOut() {
    let written = Written()
    let output = BackgroundOutput { written.take("\($0) left out") }
    output.add(1 << 20) { written.take("first") }
    for count in [1000, 1, 1] { output.add(count) { written.take("no room") } }
    output.add(1, isKept: true) { written.take("kept") }
    output.add(5) { written.take("no room") }
    written.isHeld.withLock { $0 = false }
    for _ in 0..<5000 where !output.isWritten { usleep(2000) }
    output.add(1) { written.take("last") }
    for _ in 0..<5000 where !output.isWritten { usleep(2000) }
    #expect(written.texts.withLock { $0 } == ["first", "1002 left out", "kept", "5 left out", "last"])
  }
}
