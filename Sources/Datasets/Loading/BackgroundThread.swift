import Glibc

/// A thread that runs one closure and is joined. Signals go to the other threads: those that mean "save and
/// stop" belong to the training loop.
struct BackgroundThread: ~Copyable {
  private let thread: pthread_t

  init(_ body: @escaping @Sendable () -> Void) {
    let box = Unmanaged.passRetained(Body(body))
    var all = sigset_t()
    var previous = sigset_t()
    sigfillset(&all)
    pthread_sigmask(SIG_SETMASK, &all, &previous)
    var thread = pthread_t()
    let status = pthread_create(
      &thread, nil,
      { argument in
        Unmanaged<Body>.fromOpaque(argument!).takeRetainedValue().run()
        return nil
      }, box.toOpaque())
    pthread_sigmask(SIG_SETMASK, &previous, nil)
    precondition(status == 0, "the system starts a thread (errno \(status)); raise the limit on processes")
    self.thread = thread
  }

  /// Waits until the closure has returned.
  consuming func join() {
    pthread_join(thread, nil)
  }

  private final class Body: Sendable {
    let run: @Sendable () -> Void
    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
  }
}
