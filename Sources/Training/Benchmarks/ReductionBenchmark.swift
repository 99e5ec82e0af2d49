import DataParallel
package import MessagePassing
import Platform
import Reporting
import TensorCore

/// Times the sum of a gradient over all ranks, alone, beside `MPI_Allreduce` of as many values.
package struct ReductionBenchmark {
  /// What can be chosen.
  package struct Settings {
    /// Megabytes of one gradient.
    package var megabytes = 4.0
    /// Micro-batches of a step.
    package var microBatches = 8

    /// Reads `megabytes=` and `microBatches=`; nil for anything else.
    package init?(words: [String]) {
      for word in words {
        let parts = word.split(separator: "=", maxSplits: 1).map(String.init)
        guard parts.count == 2 else { return nil }
        switch (parts[0], Double(parts[1]), Int(parts[1])) {
        case ("megabytes", let value?, _) where value >= 0.001 && value <= 4096: megabytes = value
        case ("microBatches", _, let value?) where (1...4096).contains(value) && value & (value - 1) == 0:
          microBatches = value
        default: return nil
        }
      }
    }
  }

  private let own: [Double]
  private let library: [Double]?
  private let bytes: Int
  private let worldSize: Int
  private let nodes: Int

  /// All ranks call. One warm-up, then `runs` timed sums each way, by turns; the figures are those of the
  /// slowest rank.
  /// - Throws: on the rank that tells of it `PlanError` if there are more ranks than micro-batches, or
  ///   ``MemoryError``, and ``CoordinationError`` on the others; `CommunicationError`.
  package init(_ settings: Settings, runs: Int, over communicator: any Communicator) throws {
    let plan = try communicator.together {
      try MicroBatchPlan(
        batch: settings.microBatches, microBatches: settings.microBatches, on: communicator)
    }
    let count = Int(settings.megabytes * 1e6 / 4)
    let layout = try communicator.nodeLayout()
    try communicator.together {
      // Terms, what they are added up in, and the sum.
      try MemoryError.check(
        Double(4 * count) * Double(plan.local.count + 2),
        ranksOnNode: layout.localSize(of: communicator.rank), of: "the gradients",
        lower: "megabytes= or microBatches=")
    }
    let reducer = GradientReducer(plan: plan, count: count)
    let noise = KeyedNoise(seed: 1, purpose: .synthetic, turn: 0)
    let gradients = plan.local.map { noise.normal([count], from: $0 * count) }
    let result = TensorStorage(count: count)
    func time(_ work: () throws -> Void) throws -> Double {
      try communicator.barrier()
      let start = ContinuousClock.now
      try work()
      let nanoseconds = max(1, Int((ContinuousClock.now - start).seconds * 1e9))
      return Double(try communicator.maximum(of: nanoseconds)) * 1e-9
    }
    var own: [Double] = []
    var library: [Double] = []
    for run in 0...runs {
      for (gradient, microBatch) in zip(gradients, plan.local) { reducer.add(gradient, at: microBatch) }
      let sums = reducer.finish()
      let ownTime = try time { try sums.reduce(over: communicator, into: result.pointer) }
      var libraryTime = 0.0
      if let mpi = communicator as? MPICommunicator {
        libraryTime = try time {
          try gradients[0].withUnsafePointer {
            try mpi.libraryAllReduce($0, into: result.pointer, count: count)
          }
        }
      }
      if run > 0 {
        own.append(ownTime)
        library.append(libraryTime)
      }
    }
    self.own = own.sorted()
    self.library = communicator is MPICommunicator ? library.sorted() : nil
    bytes = 4 * count
    worldSize = communicator.size
    nodes = layout.names.count
  }

  /// One JSON object; times are medians.
  package var json: String {
    JSONValue.object([
      .init("bytes", .integer(bytes)), .init("ranks", .integer(worldSize)), .init("nodes", .integer(nodes)),
      .init("runs", .integer(own.count)), .init("seconds", .double(own.median)),
      .init("seconds_fastest", .double(own[0])), .init("seconds_slowest", .double(own[own.count - 1])),
      .init("mpi_allreduce_seconds", library.map { .double($0.median) } ?? .null),
    ]).text
  }

  /// The same for people.
  package var text: String {
    func line(_ name: String, _ times: [Double]) -> String {
      func milliseconds(_ seconds: Double) -> String { FixedDecimal.text(seconds * 1e3, places: 3) }
      let rate = 2e-6 * Double(worldSize - 1) / Double(worldSize) * Double(8 * bytes) / times.median
      return "\n\(name)\(milliseconds(times.median)) ms   (\(milliseconds(times[0])) to "
        + "\(milliseconds(times[times.count - 1])))"
        + (worldSize == 1 ? "" : "   \(Int(rate)) Mbit/s a rank and way")
    }
    return
      "\(FixedDecimal.text(Double(bytes) * 1e-6, places: 3)) MB over \(Count.text(worldSize, "rank")) on "
      + "\(Count.text(nodes, "node")), median of \(Count.text(own.count, "run"))"
      + line("Lockstep        ", own) + (library.map { line("MPI_Allreduce   ", $0) } ?? "")
  }
}
