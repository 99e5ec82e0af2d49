import Glibc
package import Platform
import Synchronization

/// Work on a thread of its own that stands back for the threads that train: it gets what they leave of a
/// core.
package final class BackgroundJob<Output: Sendable> {
  private let result = Result()
  private var thread: SystemThread?

  private final class Result: Sendable {
    let output = Mutex<Output?>(nil)
  }

  /// Starts `work`; where the system gives no thread, it is done before this returns: late, not lost.
  /// - Parameter start: starts a thread, or returns nil if there is none.
  package init(
    startingBy start: (@escaping @Sendable () -> Void) -> SystemThread? = {
      SystemThread(ifGiven: .standsBack, $0)
    },
    _ work: @escaping @Sendable () -> Output
  ) {
    let result = result
    let body = { @Sendable in
      let output = work()
      result.output.withLock { $0 = output }
    }
    thread = start(body)
    if thread == nil { body() }
  }

  deinit { join() }

  /// Whether ``wait()`` would return at once.
  package var isDone: Bool { result.output.withLock { $0 != nil } }

  /// Sleeps until the work is done; may be called again.
  package func wait() -> Output {
    join()
    guard let output = result.output.withLock({ $0 }) else {
      preconditionFailure("a job ends with its output")
    }
    return output
  }

  private func join() {
    thread?.join()
    thread = nil
  }
}
