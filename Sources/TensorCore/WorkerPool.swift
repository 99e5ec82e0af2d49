internal import Synchronization

#if canImport(Glibc)
  internal import Glibc
#endif

/// Threads that wait for the jobs of ``ComputeThreads/run(jobs:_:)``. They are started when first needed and live
/// as long as the process.
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

  // Guarded by `mutex`.
  private var batch: UnsafePointer<Batch>?
  private var batchNumber = 0
  /// Workers that may still join the current batch, and those that are in it.
  private var seats = 0
  private var active = 0
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
        batchNumber += 1
        seats = min(threads - 1, workers)
        pthread_cond_broadcast(hasWork)
        pthread_mutex_unlock(mutex)

        work(on: batch)

        pthread_mutex_lock(mutex)
        seats = 0
        while active > 0 { pthread_cond_wait(isDone, mutex) }
        self.batch = nil
        pthread_mutex_unlock(mutex)
      }
    }
    return true
  }

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
      while seats == 0 || batchNumber == lastBatch { pthread_cond_wait(hasWork, mutex) }
      lastBatch = batchNumber
      guard let batch else { continue }
      seats -= 1
      active += 1
      pthread_mutex_unlock(mutex)
      work(on: batch)
      pthread_mutex_lock(mutex)
      active -= 1
      if active == 0 { pthread_cond_signal(isDone) }
    }
  }
}
