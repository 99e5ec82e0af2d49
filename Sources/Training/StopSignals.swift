import Synchronization

#if canImport(Glibc)
  import Glibc
#endif

/// Turns SIGTERM, SIGINT and SIGUSR1 into a wish to stop that the ranks agree on: the step is finished, the state is
/// saved, and the program leaves with code 75. A second signal leaves at once.
package enum StopSignals {
  private static let received = Atomic<Int32>(0)

  /// Whether a signal has come.
  package static var isStopWished: Bool { received.load(ordering: .relaxed) != 0 }

  /// Begins to catch the signals.
  package static func catchAll() {
    for number in [SIGTERM, SIGINT, SIGUSR1] {
      signal(number) { number in
        // mpirun sends what it got to every rank and may send it twice: only a repeated Ctrl-C is a second wish.
        if StopSignals.received.exchange(number, ordering: .relaxed) != 0 && number == SIGINT {
          _exit(128 + number)
        }
      }
    }
  }
}
