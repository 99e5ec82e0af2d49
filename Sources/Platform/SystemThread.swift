import Glibc

/// A thread of the operating system, for work that blocks.
public struct SystemThread: Sendable {
  /// How a thread differs from the one that starts it.
  public struct Traits: OptionSet, Sendable {
    /// A bit for each trait.
    public let rawValue: Int

    /// Traits of these bits.
    public init(rawValue: Int) { self.rawValue = rawValue }

    /// Signals go to the other threads.
    public static let withoutSignals = Traits(rawValue: 1)
    /// It gets what the other threads leave of a core: as `nice` counts, a tenth of their claim.
    public static let standsBack = Traits(rawValue: 2)
  }

  private final class Body: Sendable {
    let traits: Traits
    let run: @Sendable () -> Void

    init(_ traits: Traits, _ run: @escaping @Sendable () -> Void) {
      self.traits = traits
      self.run = run
    }
  }

  private let handle: pthread_t

  /// Starts `body` on a thread of its own.
  /// - Precondition: the system gives one.
  public init(_ traits: Traits = [], _ body: @escaping @Sendable () -> Void) {
    guard let thread = SystemThread(ifGiven: traits, body) else {
      preconditionFailure("the system gives no further thread; raise the limit on processes")
    }
    self = thread
  }

  /// The same; nil, and `body` is not run, if the system gives no thread.
  public init?(ifGiven traits: Traits, _ body: @escaping @Sendable () -> Void) {
    var handle = pthread_t()
    let context = Unmanaged.passRetained(Body(traits, body))
    let status = Self.masking(traits.contains(.withoutSignals)) {
      pthread_create(
        &handle, nil,
        { context in
          let body = Unmanaged<Body>.fromOpaque(context!).takeRetainedValue()
          // On Linux, 0 is the calling thread alone.
          if body.traits.contains(.standsBack) {
            setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, 10)
          }
          body.run()
          return nil
        }, context.toOpaque())
    }
    guard status == 0 else {
      context.release()
      return nil
    }
    self.handle = handle
  }

  /// Waits for the end of the thread. To be called once at most.
  public func join() {
    pthread_join(handle, nil)
  }

  /// A thread begins with the signal mask of the one that starts it.
  private static func masking(_ isMasked: Bool, _ start: () -> Int32) -> Int32 {
    guard isMasked else { return start() }
    var all = sigset_t()
    var previous = sigset_t()
    sigfillset(&all)
    pthread_sigmask(SIG_SETMASK, &all, &previous)
    defer { pthread_sigmask(SIG_SETMASK, &previous, nil) }
    return start()
  }
}
