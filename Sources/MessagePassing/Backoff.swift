import Glibc

/// How a thread waits for MPI, which makes progress only while it is called: at full speed for a short message,
/// then ever more seldom, so that a long wait leaves the core to the threads that compute.
///
/// It sleeps and does not `sched_yield`: a thread that wakes from a sleep runs at once, one that has yielded waits
/// until the computing thread has used up its time slice.
struct Backoff {
  /// The first and the longest sleep in nanoseconds; the kernel adds its timer slack of 50 microseconds.
  static let sleeps = 10_000...200_000

  /// Calls of ``pause()`` that return at once.
  let spins: Int
  private var pauses = 0
  private var sleep = sleeps.lowerBound

  /// By default at first a few hundred microseconds of testing MPI's requests.
  init(spins: Int = 1000) {
    self.spins = spins
  }

  /// For a message of so many bytes. A long one is on its way for longer than the first sleeps take, and its core computes.
  init(awaiting bytes: Int) {
    self.init(spins: bytes < 1 << 16 ? 1000 : 10)
  }

  /// Returns at once at first, after a sleep later.
  mutating func pause() {
    pauses += 1
    if pauses <= spins { return }
    var duration = timespec(tv_sec: 0, tv_nsec: sleep)
    nanosleep(&duration, nil)
    sleep = min(sleep + sleep / 2, Self.sleeps.upperBound)
  }
}
