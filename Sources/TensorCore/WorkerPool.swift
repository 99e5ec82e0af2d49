internal import CProcessor
internal import Synchronization

#if canImport(Glibc)
  internal import Glibc
#endif

/// Threads that wait for the jobs of ``ComputeThreads/run(jobs:_:)``. They are started when first needed and live
/// as long as the process.
///
/// Between batches a thread looks for the next one for some microseconds before it sleeps, where every thread has a core
/// to itself: to be woken takes longer than most batches of a small network.
final class WorkerPool: @unchecked Sendable {
  static let shared = WorkerPool()

  /// A batch of jobs; it lives on the stack of the thread that runs it.
  private struct Batch {
    let body: (Int) -> Void
    let jobs: Int
  }

  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let hasWork = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
  private let isDone = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
  /// The next job of the current batch.
  private let next = Atomic<Int>(0)
  private let isBusy = Atomic<Bool>(false)
  /// The number of batches so far, and the workers that are in the current one: written with `mutex` held, read by those
  /// who look without it.
  private let batchNumber = Atomic<Int>(0)
  private let active = Atomic<Int>(0)

  // Guarded by `mutex`.
  private var batch: UnsafePointer<Batch>?
  /// Workers that may still join the current batch.
  private var seats = 0
  private var workers = 0

  private init() {
    pthread_mutex_init(mutex, nil)
    pthread_cond_init(hasWork, nil)
    pthread_cond_init(isDone, nil)
  }

  /// Runs the jobs on `threads` threads, the calling one included.
  /// - Returns: false, having done nothing, if the pool is taken.
  func run(jobs: Int, threads: Int, _ body: (Int) -> Void) -> Bool {
    guard !isBusy.exchange(true, ordering: .acquiring) else { return false }
    defer { isBusy.store(false, ordering: .releasing) }
    withoutActuallyEscaping(body) { body in
      withUnsafePointer(to: Batch(body: body, jobs: jobs)) { batch in
        next.store(0, ordering: .relaxed)
        pthread_mutex_lock(mutex)
        while workers < threads - 1, startWorker() {}
        self.batch = batch
        batchNumber.add(1, ordering: .releasing)
        seats = min(threads - 1, workers)
        pthread_cond_broadcast(hasWork)
        pthread_mutex_unlock(mutex)

        work(on: batch)

        pthread_mutex_lock(mutex)
        seats = 0
        pthread_mutex_unlock(mutex)
        look { active.load(ordering: .acquiring) == 0 }
        pthread_mutex_lock(mutex)
        while active.load(ordering: .relaxed) > 0 { pthread_cond_wait(isDone, mutex) }
        self.batch = nil
        pthread_mutex_unlock(mutex)
      }
    }
    return true
  }

  /// Waits a little for `isReached`.
  private func look(for isReached: () -> Bool) {
    guard ComputeThreads.haveOwnCores else { return }
    for _ in 0..<Self.looks {
      if isReached() { return }
      lockstep_pause()
    }
  }

  /// About 50 µs: a pause takes 40 to 140 cycles.
  private static let looks = 2_000

  private func work(on batch: UnsafePointer<Batch>) {
    while true {
      let job = next.add(1, ordering: .relaxed).oldValue
      guard job < batch.pointee.jobs else { return }
      batch.pointee.body(job)
    }
  }

  /// Called with the mutex held.
  /// - Returns: false if the system gives no further thread; the jobs then run on those there are.
  private func startWorker() -> Bool {
    var thread = pthread_t()
    let status = pthread_create(
      &thread, nil,
      { _ in
        WorkerPool.shared.serve()
        return nil
      }, nil)
    guard status == 0 else { return false }
    pthread_detach(thread)
    workers += 1
    return true
  }

  private func serve() {
    var lastBatch = 0
    pthread_mutex_lock(mutex)
    while true {
      if seats == 0 || batchNumber.load(ordering: .relaxed) == lastBatch {
        pthread_mutex_unlock(mutex)
        look { batchNumber.load(ordering: .acquiring) != lastBatch }
        pthread_mutex_lock(mutex)
      }
      while seats == 0 || batchNumber.load(ordering: .relaxed) == lastBatch {
        pthread_cond_wait(hasWork, mutex)
      }
      lastBatch = batchNumber.load(ordering: .relaxed)
      guard let batch else { continue }
      seats -= 1
      active.add(1, ordering: .relaxed)
      pthread_mutex_unlock(mutex)
      work(on: batch)
      pthread_mutex_lock(mutex)
      if active.subtract(1, ordering: .releasing).newValue == 0 { pthread_cond_signal(isDone) }
    }
  }
}
