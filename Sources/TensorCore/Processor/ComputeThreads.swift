import Synchronization

/// The threads that one rank computes with.
///
/// Kernels split their output, never a sum, so the number of threads has no influence on any bit.
public enum ComputeThreads {
  private static let setting = Atomic<Int>(1)

  /// Threads per rank, the calling one included.
  /// - Precondition: at least 1.
  public static var count: Int {
    get { setting.load(ordering: .relaxed) }
    set {
      precondition(newValue >= 1, "a rank computes with at least one thread, not \(newValue)")
      setting.store(newValue, ordering: .relaxed)
    }
  }

  /// Elements of a flat buffer that one thread goes through at least: fewer are not shared out.
  public static let grain = 4096

  /// Calls `body` once for every index below `jobs`, on up to ``count`` threads; returns when all have ended.
  ///
  /// Jobs must not depend on one another. A call from inside a job, or while another thread is in here, runs
  /// on the calling thread alone.
  package static func run(jobs: Int, _ body: (Int) -> Void) {
    let threads = min(count, jobs)
    guard threads > 1, WorkerPool.shared.run(jobs: jobs, threads: threads, body) else {
      for job in 0..<jobs { body(job) }
      return
    }
  }

  /// Calls `body` once for every index below `jobs`: as ``run(jobs:_:)`` does where these share out evenly,
  /// else one after another, each on all threads that it can use.
  static func runEvenly(jobs: Int, _ body: (Int) -> Void) {
    if jobs.isMultiple(of: count) { return run(jobs: jobs, body) }
    for job in 0..<jobs { body(job) }
  }

  /// Calls `body` with contiguous ranges that cover `0..<count`, in about one range per thread, none but the
  /// last of a length that is no multiple of `grain`.
  package static func split(_ count: Int, grain: Int, _ body: (Range<Int>) -> Void) {
    let grains = (count + grain - 1) / grain
    let jobs = min(self.count, grains)
    run(jobs: jobs) { job in
      body(grains * job / jobs * grain..<min(grains * (job + 1) / jobs * grain, count))
    }
  }
}
