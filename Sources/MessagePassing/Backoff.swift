import Glibc
import Platform

/// How a thread waits for MPI, which makes progress only while it is called: at full speed for a short
/// message, then ever more seldom, so that a long wait leaves the core to the threads that compute.
///
/// It sleeps and does not `sched_yield`: a thread that wakes from a sleep runs at once, one that has yielded
/// waits until the computing thread has used up its time slice.
struct Backoff {
  /// The first and the longest sleep in nanoseconds; the kernel adds its timer slack of 50 microseconds.
  static let sleeps = 10_000...200_000

  /// Calls of ``pause()`` that return at once.
  let spins: Int
  private var pauses = 0
  private var sleep = sleeps.lowerBound

  init(spins: Int) {
    self.spins = spins
  }

  /// For MPI's requests: tests at full speed for a few hundred microseconds, or a few times that on an own
  /// core. A long message is on its way for longer than the first sleeps take, up to 10 Gbit/s, and its core
  /// computes meanwhile.
  /// - Parameter bytes: the longest message.
  static func forRequests(bytes: Int = 0) -> Backoff {
    Backoff(spins: bytes < 1 << 18 ? (RankCores.areOwn ? 5000 : 1000) : 10)
  }

  /// For a counter in memory, between looks at which the processor pauses for 10 to 50 nanoseconds.
  static func forMemory() -> Backoff {
    Backoff(spins: RankCores.areOwn ? 40_000 : 2000)
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
