import Foundation
import Synchronization
import TensorCore
import Testing

/// One thread at a time has the compute threads, others compute alone: what is expected holds either way.
@Suite("Compute threads", .serialized)
struct ComputeThreadsTests {
  @Test("every job runs once", arguments: [1, 2, 3, 4, 7, 64], [1, 2, 3, 5])
  func everyJobRunsOnce(_ jobs: Int, _ threads: Int) {
    defer { ComputeThreads.count = 1 }
    ComputeThreads.count = threads
    for _ in 0..<20 {
      let runs = Mutex([Int](repeating: 0, count: jobs))
      ComputeThreads.run(jobs: jobs) { job in runs.withLock { $0[job] += 1 } }
      #expect(runs.withLock { $0.allSatisfy { $0 == 1 } })
    }
  }

  @Test(
    "subnormal numbers are zero on the thread that says so, on those it starts and on compute threads, only")
  func subnormalsAreFlushed() {
    defer { ComputeThreads.count = 1 }
    ComputeThreads.count = 3
    let seen = Mutex([Bool]())
    /// Whether half of the least normal number is zero.
    @Sendable func isFlushed() -> Bool {
      let least = Tensor(repeating: .leastNormalMagnitude, shape: [1])
      return least.multiplied(by: 0.5).scalars[0].bitPattern == 0
    }
    onThread {
      Subnormals.flush()
      onThread { seen.withLock { $0.append(isFlushed()) } }
      ComputeThreads.run(jobs: 12) { _ in seen.withLock { $0.append(isFlushed()) } }
    }
    #expect(seen.withLock { $0 } == [Bool](repeating: true, count: 13))
    let unchanged = Mutex([Bool]())
    ComputeThreads.run(jobs: 12) { _ in unchanged.withLock { $0.append(isFlushed()) } }
    #expect(unchanged.withLock { $0 } == [Bool](repeating: false, count: 12))
  }

  /// Runs `body` on a thread of its own and waits for its end.
  private func onThread(_ body: @escaping @Sendable () -> Void) {
    let end = DispatchSemaphore(value: 0)
    Thread {
      body()
      end.signal()
    }.start()
    end.wait()
  }
}
