/// Work on a thread of its own, whose output is waited for.
package final class BackgroundJob<Output: Sendable> {
  private let output: Monitor<Output?>
  private let thread: SystemThread?

  /// Starts `work`; where the system gives no thread, it is done before this returns: late, not lost.
  /// - Parameter start: starts a thread, or returns nil if there is none.
  package init(
    _ traits: SystemThread.Traits,
    startingBy start: (SystemThread.Traits, @escaping @Sendable () -> Void) -> SystemThread? = {
      SystemThread(ifGiven: $0, $1)
    },
    _ work: @escaping @Sendable () -> Output
  ) {
    let output = Monitor<Output?>(nil)
    let body = { @Sendable in
      let result = work()
      output.withLock { $0 = result }
    }
    self.output = output
    thread = start(traits, body)
    if thread == nil { body() }
  }

  deinit { thread?.join() }

  /// Whether ``wait()`` would return at once.
  package var isDone: Bool { output.read { $0 != nil } }

  /// Sleeps until the work is done; may be called again.
  package func wait() -> Output { output.wait { $0 } }
}
