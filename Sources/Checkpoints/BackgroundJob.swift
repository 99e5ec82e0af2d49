import Glibc
import Synchronization

/// Work on a thread of its own that stands back for the threads that train: it gets what they leave of a
/// core.
final class BackgroundJob<Output: Sendable> {
  private let result = Result()
  private var thread: pthread_t?

  private final class Result: Sendable {
    let output = Mutex<Output?>(nil)
  }

  /// Starts `work`; where the system gives no thread, it is done before this returns: late, not lost.
  init(_ work: @escaping @Sendable () -> Output) {
    let result = result
    let body = BackgroundBody {
      let output = work()
      result.output.withLock { $0 = output }
    }
    thread = body.start()
    if thread == nil { body.run() }
  }

  deinit { join() }

  /// Whether ``wait()`` would return at once.
  var isDone: Bool { result.output.withLock { $0 != nil } }

  /// Sleeps until the work is done; may be called again.
  func wait() -> Output {
    join()
    guard let output = result.output.withLock({ $0 }) else {
      preconditionFailure("a job ends with its output")
    }
    return output
  }

  private func join() {
    if let thread { pthread_join(thread, nil) }
    thread = nil
  }
}

private final class BackgroundBody: Sendable {
  let run: @Sendable () -> Void

  init(_ run: @escaping @Sendable () -> Void) { self.run = run }

  /// Runs on a new thread; nil if there is none to be had.
  func start() -> pthread_t? {
    var thread = pthread_t()
    let context = Unmanaged.passRetained(self)
    let code = pthread_create(
      &thread, nil,
      { context in
        // On Linux, 0 is the calling thread alone. As `nice` counts: a tenth of the claim of a thread that
        // trains.
        setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, 10)
        Unmanaged<BackgroundBody>.fromOpaque(context!).takeRetainedValue().run()
        return nil
      }, context.toOpaque())
    guard code == 0 else {
      context.release()
      return nil
    }
    return thread
  }
}
