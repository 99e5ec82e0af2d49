import Glibc

/// A thread of the operating system, for work that blocks.
package struct SystemThread: Sendable {
  private final class Body: Sendable {
    let run: @Sendable () -> Void
    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
  }

  private let handle: pthread_t

  /// Starts `body` on a thread of its own.
  package init(_ body: @escaping @Sendable () -> Void) {
    var handle = pthread_t()
    let context = Unmanaged.passRetained(Body(body)).toOpaque()
    let status = pthread_create(
      &handle, nil,
      { context in
        Unmanaged<Body>.fromOpaque(context!).takeRetainedValue().run()
        return nil
      }, context)
    precondition(status == 0, "the system refuses another thread, error \(status)")
    self.handle = handle
  }

  /// Waits for the end of the thread. To be called once.
  package func join() {
    pthread_join(handle, nil)
  }
}
