import Synchronization

#if canImport(Glibc)
  import Glibc
#endif

/// A thread that ends the process when training makes no progress for too long: a rank that stands still, or one
/// that waits for it. It works without MPI's help, because MPI may be what hangs.
///
/// Time in which the process itself was stopped (Ctrl-Z, a suspended machine) does not count. Rank 0 ends first, and
/// with it the job; the others wait a little longer, so that one of them speaks.
package final class Watchdog: Sendable {
  /// Raised by every sign of progress.
  private let signs = Atomic<Int>(0)
  private let isEnded = Atomic<Bool>(false)
  private let step = Atomic<Int>(0)

  /// Begins to watch.
  /// - Parameters:
  ///   - timeout: seconds without a sign of progress.
  ///   - rank: whose process this is.
  ///   - host: where it runs.
  ///   - isAlone: whether there is no other rank to look for.
  package init(timeout: Double, rank: Int, host: String, isAlone: Bool) {
    let limit = Int64(timeout * 1000) + Int64(min(rank, 2)) * 1000
    let thread = Unmanaged.passRetained(
      Start(watchdog: self, limit: limit, place: "rank \(rank) on \(host)", isAlone: isAlone))
    var handle = pthread_t()
    let code = pthread_create(
      &handle, nil,
      { pointer in
        Unmanaged<Start>.fromOpaque(pointer!).takeRetainedValue().run()
        return nil
      }, thread.toOpaque())
    if code == 0 { pthread_detach(handle) } else { thread.release() }
  }

  /// Says that `step` steps are done.
  package func progressed(step: Int) {
    self.step.store(step, ordering: .relaxed)
    signs.add(1, ordering: .relaxed)
  }

  /// Ends the watch.
  package func end() {
    isEnded.store(true, ordering: .relaxed)
  }

  private final class Start: Sendable {
    let watchdog: Watchdog
    let limit: Int64
    let place: String
    let isAlone: Bool

    init(watchdog: Watchdog, limit: Int64, place: String, isAlone: Bool) {
      self.watchdog = watchdog
      self.limit = limit
      self.place = place
      self.isAlone = isAlone
    }

    func run() {
      var silent: Int64 = 0
      var seen = 0
      var previous = MonotonicClock.milliseconds
      while !watchdog.isEnded.load(ordering: .relaxed) {
        usleep(200_000)
        let now = MonotonicClock.milliseconds
        let signs = watchdog.signs.load(ordering: .relaxed)
        silent = signs == seen ? silent + min(now - previous, 1000) : 0
        (seen, previous) = (signs, now)
        guard silent > limit, !watchdog.isEnded.load(ordering: .relaxed) else { continue }
        end(after: silent)
      }
    }

    private func end(after silent: Int64) -> Never {
      let step = watchdog.step.load(ordering: .relaxed)
      let moment = step > 0 ? "after step \(step)" : "before the first step"
      let advice = isAlone ? "look for a hanging file system" : "look for a stopped or lost rank"
      let message =
        "lockstep: no progress for \(silent / 1000) s \(moment) [\(place)]; "
        + "\(advice), then run again with --resume (stallTimeout= sets the limit)\n"
      _ = message.utf8CString.withUnsafeBytes { write(2, $0.baseAddress, $0.count - 1) }
      _exit(ExitStatus.peerLost.rawValue)
    }
  }
}
