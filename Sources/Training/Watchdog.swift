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
  ///   - rank: whose process this is, for the message.
  package init(timeout: Double, rank: Int, host: String) {
    lastSign = Atomic(Self.now())
    let limit = Int64(timeout * 1000)
    let thread = Unmanaged.passRetained(Start(watchdog: self, limit: limit, place: "rank \(rank) on \(host)"))
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
    lastSign.store(Self.now(), ordering: .relaxed)
  }

  /// Ends the watch.
  package func end() {
    isEnded.store(true, ordering: .relaxed)
  }

  /// Milliseconds by a clock that never goes back.
  private static func now() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
  }

  private final class Start: Sendable {
    let watchdog: Watchdog
    let limit: Int64
    let place: String

    init(watchdog: Watchdog, limit: Int64, place: String) {
      self.watchdog = watchdog
      self.limit = limit
      self.place = place
    }

    func run() {
      while !watchdog.isEnded.load(ordering: .relaxed) {
        usleep(200_000)
        let silent = Watchdog.now() - watchdog.lastSign.load(ordering: .relaxed)
        guard silent > limit, !watchdog.isEnded.load(ordering: .relaxed) else { continue }
        let step = watchdog.step.load(ordering: .relaxed)
        let message =
          "lockstep: no progress for \(silent / 1000) s after step \(step) [\(place)]; "
          + "look for a stopped or lost rank, then run again with --resume (stallTimeout= sets the limit)\n"
        _ = message.utf8CString.withUnsafeBytes { write(2, $0.baseAddress, $0.count - 1) }
        _exit(ExitStatus.peerLost.rawValue)
      }
    }
  }
}
