import DataParallel
import MessagePassing
import Synchronization
import Testing

@Suite("The communication thread")
struct CommunicationThreadTests {
  struct Broken: Error, Equatable {}

  @Test("work is done in the order of submission, while the submitter goes on")
  func order() throws {
    let results = try ThreadCommunicator.run(size: 3) { communicator in
      let thread = CommunicationThread(communicator)
      let pending = (0..<50).map { index in
        thread.submit { try $0.allGather(index * 10 + $0.rank) }
      }
      let values = try pending.map { try $0.wait() }
      thread.finish()
      return values
    }
    let expected = (0..<50).map { index in (0..<3).map { index * 10 + $0 } }
    #expect(results == [expected, expected, expected])
  }

  @Test("finishing does what was submitted first", arguments: [1, 2])
  func finish(size: Int) throws {
    let results = try ThreadCommunicator.run(size: size) { communicator in
      let thread = CommunicationThread(communicator)
      let done = Done()
      for index in 0..<20 { _ = thread.submit { _ in done.note(index) } }
      thread.finish()
      return done.indices
    }
    #expect(results.allSatisfy { $0 == Array(0..<20) })
  }

  @Test("a rank that is alone does its work on the spot")
  func alone() {
    let thread = CommunicationThread(SoloCommunicator())
    let done = Done()
    _ = thread.submit { _ in done.note(7) }
    #expect(done.indices == [7])
    thread.finish()
  }

  /// What has been done, in order.
  private final class Done: Sendable {
    private let noted = Mutex<[Int]>([])

    var indices: [Int] { noted.withLock { $0 } }

    func note(_ index: Int) { noted.withLock { $0.append(index) } }
  }

  @Test(
    "after an error everything that follows fails with it, and a result can be asked for twice",
    arguments: [1, 2])
  func failure(size: Int) throws {
    _ = try ThreadCommunicator.run(size: size) { try Self.expectFailure(CommunicationThread($0)) }
  }

  private static func expectFailure(_ thread: CommunicationThread) throws {
    let before = thread.submit { $0.size }
    let broken = thread.submit { _ -> Int in throw Broken() }
    let after = thread.submit { $0.size }
    thread.finish()
    #expect(try before.wait() == thread.size)
    #expect(throws: Broken()) { try broken.wait() }
    #expect(throws: Broken()) { try after.wait() }
    #expect(throws: Broken()) { try after.wait() }
  }
}
