import Glibc
import Platform
import Synchronization
import Training

/// What SIGINT, SIGTERM, SIGHUP and SIGUSR1 mean to `lockstep launch`: first stop and save, then stop at
/// once.
package enum LaunchSignals {
  private static let count = Atomic<Int>(0)
  /// When the last signal came that was a wish, in milliseconds of the monotonic clock; 0 before.
  private static let last = Atomic<Int64>(0)
  private static let number = Atomic<Int>(0)

  /// Wishes so far; what comes within a second of one is the same wish.
  static var wishes: Int { count.load(ordering: .relaxed) }

  /// The last signal.
  static var signal: Int32 { Int32(number.load(ordering: .relaxed)) }

  /// Begins to catch the signals, also those that the parent process has blocked.
  package static func catchAll() {
    let numbers = [SIGINT, SIGTERM, SIGHUP, SIGUSR1]
    defer { StopSignals.unblock(numbers) }
    for caught in numbers {
      if caught == SIGHUP, StopSignals.isIgnored(caught) { continue }
      Glibc.signal(caught) { caught in
        let now = MonotonicClock.milliseconds
        LaunchSignals.number.store(Int(caught), ordering: .relaxed)
        let before = LaunchSignals.last.load(ordering: .relaxed)
        guard before == 0 || StopSignals.isFurtherWish(at: now, after: before) else { return }
        // On two threads at once it is one wish.
        let (isCounted, _) = LaunchSignals.last.compareExchange(
          expected: before, desired: now, ordering: .relaxed)
        if isCounted { LaunchSignals.count.add(1, ordering: .relaxed) }
      }
    }
  }
}
