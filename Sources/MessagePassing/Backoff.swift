import Glibc

/// How a thread waits for MPI, which makes progress only while it is called: at full speed for a short message,
/// then ever more seldom, so that a long wait leaves the core to the threads that compute.
struct Backoff {
  /// Calls of ``pause()`` that return at once: some ten microseconds of polling.
  static let spins = 256
  /// Calls that let other threads run, but come back as soon as the core is free.
  static let yields = 32
  /// The first and the longest sleep in nanoseconds.
  static let sleeps = 10_000...200_000

  private var pauses = 0
  private var sleep = sleeps.lowerBound

  /// Returns immediately at first, after a yield or a sleep later.
  mutating func pause() {
    pauses += 1
    if pauses <= Self.spins { return }
    if pauses <= Self.spins + Self.yields {
      sched_yield()
      return
    }
    var duration = timespec(tv_sec: 0, tv_nsec: sleep)
    nanosleep(&duration, nil)
    sleep = min(sleep + sleep / 2, Self.sleeps.upperBound)
  }
}
