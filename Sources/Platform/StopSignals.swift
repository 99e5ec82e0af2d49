import Glibc
import Synchronization

/// Turns SIGTERM, SIGINT, SIGHUP and SIGUSR1 into a wish to stop that the ranks agree on: the step is
/// finished, the state is saved, and the program leaves with code 75. A further signal, a second or more
/// after the first, leaves at once with 128 plus its number.
package enum StopSignals {
  /// When the first signal came, in milliseconds of the monotonic clock; 0 before.
  private static let firstTime = Atomic<Int64>(0)

  /// Whether a signal has come.
  package static var isStopWished: Bool { firstTime.load(ordering: .relaxed) != 0 }

  private static let numbers = [SIGTERM, SIGINT, SIGHUP, SIGUSR1]

  /// Begins to catch the signals, also those that the parent process has blocked.
  package static func catchAll() {
    for number in numbers {
      // `nohup` wants it ignored. Shells want SIGINT so in the background, where it still means to stop.
      if number == SIGHUP, isIgnored(number) { continue }
      signal(number) { number in
        // mpirun passes on what it got, and may do so twice in a row: that is one wish, not two.
        let now = MonotonicClock.milliseconds
        let (isFirst, first) = StopSignals.firstTime.compareExchange(
          expected: 0, desired: now, ordering: .relaxed)
        if !isFirst && StopSignals.isFurtherWish(at: now, after: first) { _exit(128 + number) }
      }
    }
    unblock(numbers)
  }

  /// Whether a signal is a wish of its own, and not a repetition of the last one: what passes signals on may
  /// do so several times.
  /// - Parameters:
  ///   - now: when it comes, in milliseconds of the monotonic clock.
  ///   - last: when the last signal came that was a wish.
  package static func isFurtherWish(at now: Int64, after last: Int64) -> Bool { now - last >= 1000 }

  /// Lets signals come that the parent process has blocked.
  package static func unblock(_ numbers: [Int32]) {
    var set = sigset_t()
    sigemptyset(&set)
    for number in numbers { sigaddset(&set, number) }
    pthread_sigmask(SIG_UNBLOCK, &set, nil)
  }

  /// Whether the process was started with a signal ignored, as `nohup` does.
  package static func isIgnored(_ number: Int32) -> Bool {
    var action = sigaction()
    sigaction(number, nil, &action)
    return unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self)
      == unsafeBitCast(SIG_IGN, to: Int.self)
  }
}
