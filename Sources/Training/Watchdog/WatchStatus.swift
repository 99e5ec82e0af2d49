import Glibc
import Platform

/// Writes `status.json` for the watchdog, on a thread of its own: the folder may lie on the host that is
/// lost, where writing hangs for minutes, and the end of the job must not wait for it.
final class WatchStatus: Sendable {
  private struct Queue {
    var jobs: [@Sendable () -> Void] = []
    /// Whether the thread is there, and at work.
    var isStarted = false
    var isBusy = false
  }

  private let queue = Monitor(Queue())

  /// Has a status written after those before it.
  /// - Parameter isFirstToSpeak: whether this rank's word replaces that of another one that has written a
  ///   cause already.
  func write(_ status: RunStatus, in folder: String, isFirstToSpeak: Bool) {
    let isStarted = queue.withLock { queue in
      queue.jobs.append {
        if !isFirstToSpeak, RunStatus.read(in: folder)?.state == .failed { return }
        status.writeOverOwn(in: folder)
      }
      defer { queue.isStarted = true }
      return queue.isStarted
    }
    guard !isStarted else { return }
    let queue = queue
    _ = SystemThread {
      while true {
        let job = queue.wait { queue in
          queue.isBusy = !queue.jobs.isEmpty
          return queue.jobs.isEmpty ? nil : queue.jobs.removeFirst()
        }
        job()
      }
    }
  }

  /// Waits until everything is written, but not for long.
  func wait(milliseconds: Int64) {
    let limit = MonotonicClock.milliseconds + milliseconds
    while MonotonicClock.milliseconds < limit, queue.read({ $0.isBusy || !$0.jobs.isEmpty }) { usleep(2000) }
  }
}
