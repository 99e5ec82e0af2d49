import CProcessor
import Glibc
import Platform
import Synchronization

/// Threads that wait for the jobs of ``ComputeThreads/run(jobs:_:)``. They are started when first needed and
/// live as long as the process.
///
/// Each thread begins with a share of the jobs that is its own, the first one's the first: where jobs go
/// through the same memory as those of a batch before, the same thread finds it in its cache. Then it takes
/// what is left of the others'.
///
/// Between batches a thread looks for the next one for about a millisecond before it sleeps, where every
/// thread has a core to itself: to be woken takes longer than most batches of a small network, and what one
/// thread does alone between them less than that. (OpenMP's threads look for 1 to 200 ms.)
final class WorkerPool: @unchecked Sendable {
  static let shared = WorkerPool()

  /// A batch of jobs; it lives on the stack of the thread that runs it.
  private struct Batch {
    let body: (Int) -> Void
    let jobs: Int
    let threads: Int
    /// The next job of each thread's share, `spacing` apart.
    let next: UnsafeMutablePointer<Atomic<Int>>
    /// How all of its threads compute, see ``Subnormals``.
    let floatControl = lockstep_float_control()

    /// A cache line for each number.
    static let spacing = 8

    func firstJob(of thread: Int) -> Int { jobs * thread / threads }
  }

  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let hasWork = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
  private let isDone = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
  private let isBusy = Atomic<Bool>(false)
  /// The number of batches so far, and the workers that are in the current one: written with `mutex` held,
  /// read by those who look without it.
  private let batchNumber = Atomic<Int>(0)
  private let active = Atomic<Int>(0)

  // Guarded by `mutex`.
  /// The current batch, as long as workers may join it.
  private var batch: UnsafePointer<Batch>?
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
      withUnsafeTemporaryAllocation(of: Atomic<Int>.self, capacity: threads * Batch.spacing) { next in
        let next = next.baseAddress.unsafelyUnwrapped
        let batch = Batch(body: body, jobs: jobs, threads: threads, next: next)
        for thread in 0..<threads {
          (next + thread * Batch.spacing).initialize(to: Atomic(batch.firstJob(of: thread)))
        }
        withUnsafePointer(to: batch) { run($0) }
      }
    }
    return true
  }

  private func run(_ batch: UnsafePointer<Batch>) {
    pthread_mutex_lock(mutex)
    while workers < batch.pointee.threads - 1, startWorker() {}
    self.batch = batch
    batchNumber.add(1, ordering: .releasing)
    pthread_cond_broadcast(hasWork)
    pthread_mutex_unlock(mutex)

    work(on: batch, as: 0)

    pthread_mutex_lock(mutex)
    self.batch = nil
    pthread_mutex_unlock(mutex)
    look { active.load(ordering: .acquiring) == 0 }
    pthread_mutex_lock(mutex)
    while active.load(ordering: .relaxed) > 0 { pthread_cond_wait(isDone, mutex) }
    pthread_mutex_unlock(mutex)
  }

  /// Waits a little for `isReached`.
  private func look(for isReached: () -> Bool) {
    guard RankCores.areOwn else { return }
    for _ in 0..<Self.looks {
      if isReached() { return }
      lockstep_pause()
    }
  }

  /// About a millisecond: a pause takes 40 to 140 cycles.
  private static let looks = 20_000

  private func work(on batch: UnsafePointer<Batch>, as own: Int) {
    let threads = batch.pointee.threads
    for thread in 0..<threads {
      let other = (own + thread) % threads
      let end = batch.pointee.firstJob(of: other + 1)
      let next = batch.pointee.next + other * Batch.spacing
      while true {
        let job = next.pointee.add(1, ordering: .relaxed).oldValue
        guard job < end else { break }
        batch.pointee.body(job)
      }
    }
  }

  /// Called with the mutex held.
  /// - Returns: false if the system gives no further thread; the jobs then run on those there are.
  private func startWorker() -> Bool {
    let index = workers + 1
    guard SystemThread(ifGiven: [], { WorkerPool.shared.serve(as: index) }) != nil else { return false }
    workers = index
    return true
  }

  private func serve(as index: Int) {
    var lastBatch = 0
    pthread_mutex_lock(mutex)
    while true {
      if batchNumber.load(ordering: .relaxed) == lastBatch {
        pthread_mutex_unlock(mutex)
        look { batchNumber.load(ordering: .acquiring) != lastBatch }
        pthread_mutex_lock(mutex)
      }
      while batchNumber.load(ordering: .relaxed) == lastBatch { pthread_cond_wait(hasWork, mutex) }
      lastBatch = batchNumber.load(ordering: .relaxed)
      guard let batch, index < batch.pointee.threads else { continue }
      active.add(1, ordering: .relaxed)
      pthread_mutex_unlock(mutex)
      lockstep_set_float_control(batch.pointee.floatControl)
      work(on: batch, as: index)
      pthread_mutex_lock(mutex)
      if active.subtract(1, ordering: .releasing).newValue == 0 { pthread_cond_signal(isDone) }
    }
  }
}
