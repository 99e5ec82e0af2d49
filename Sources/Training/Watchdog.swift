import Synchronization

#if canImport(Glibc)
  import Glibc
#endif

/// A thread that ends the process when training makes no progress for too long: a rank that stands still, or one
/// that waits for it. It works without MPI's help, because MPI may be what hangs.
package final class Watchdog: Sendable {
  private let lastSign: Atomic<Int64>
  private let isEnded = Atomic<Bool>(false)
  private let step = Atomic<Int>(0)

  /// Begins to watch.
  /// - Parameters:
  ///   - timeout: seconds without a sign of progress.
  ///   - place: whose process this is, for the message: rank and host.
  ///   - isAlone: whether there is no other rank to look for.
  package init(timeout: Double, place: String, isAlone: Bool) {
    lastSign = Atomic(MonotonicClock.milliseconds)
    let limit = Int64(timeout * 1000)
    let thread = Unmanaged.passRetained(Start(watchdog: self, limit: limit, place: place, isAlone: isAlone))
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
    lastSign.store(MonotonicClock.milliseconds, ordering: .relaxed)
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
      while !watchdog.isEnded.load(ordering: .relaxed) {
        usleep(200_000)
        let silent = MonotonicClock.milliseconds - watchdog.lastSign.load(ordering: .relaxed)
        guard silent > limit, !watchdog.isEnded.load(ordering: .relaxed) else { continue }
        let step = watchdog.step.load(ordering: .relaxed)
        let advice =
          isAlone ? "look for a hanging file system or a stopped process" : "look for a stopped or lost rank"
        let message =
          "lockstep: no progress for \(silent / 1000) s after step \(step) [\(place)]; "
          + "\(advice), then run again with --resume (stallTimeout= sets the limit)\n"
        _ = message.utf8CString.withUnsafeBytes { write(2, $0.baseAddress, $0.count - 1) }
        _exit(ExitStatus.peerLost.rawValue)
      }
    }
  }
}
