package import DataParallel
import Glibc
package import MessagePassing
import TensorCore

/// What the reduction must give on every communicator: the bits of one rank.
package enum ReductionConformance {
  /// Vector lengths: none, fewer than a slice for each, odd, exact.
  package static let counts = [0, 1, 15, 16, 33, 1000, 4099]
  /// A length whose slices travel in several rounds on one or two ranks.
  package static let long = 300_001

  /// Reduces over `communicator` and compares every bit with the sum of one rank.
  /// - Parameter roundLength: of messages, instead of memory that the ranks may share.
  package static func run(
    on communicator: any Communicator, microBatches: Int, counts: [Int] = counts,
    byMessages roundLength: Int? = nil
  ) throws {
    let plan = try MicroBatchPlan(
      batch: microBatches * 2, microBatches: microBatches, worldSize: communicator.size,
      rank: communicator.rank)
    for count in counts {
      let reducer = GradientReducer(plan: plan, count: count)
      for step in 0..<2 {
        let partial = sums(of: reducer, step: step)
        let storage = TensorStorage(count: count)
        if let roundLength {
          try partial.reduceByMessages(over: communicator, into: storage.pointer, roundLength: roundLength)
        } else {
          try partial.reduce(over: communicator, into: storage.pointer)
        }
        try requireSum(Tensor(viewOf: storage, offset: 0, shape: [count]), plan, step: step)
      }
    }
  }

  /// A reduction, and right after it each use of the memory that ranks share, with other places for what lies
  /// there: what a slow rank still reads of the first the others leave alone. On three ranks pieces of one
  /// lie where sums of the other did, if `count` is near to what fits into a segment at a time.
  package static func plansThatDiffer(on communicator: any Communicator, count: Int) throws {
    let slow = WatchedCommunicator(
      communicator, afterMeeting: { if communicator.rank == 0 { usleep(20_000) } })
    let partials = try [4, 16].map { microBatches in
      let plan = try MicroBatchPlan(batch: microBatches, microBatches: microBatches, on: communicator)
      return sums(of: GradientReducer(plan: plan, count: count), step: 0)
    }
    let (few, many) = (partials[0], partials[1])
    // Each writes some elements of the sum, and says which.
    let uses: [(UnsafeMutablePointer<Float>) throws -> Range<Int>] = [
      {
        try many.reduce(over: communicator, into: $0)
        return 0..<count
      },
      {
        _ = try many.reduceSlice(over: communicator, into: $0)
        return SlicePlan(count: count, worldSize: communicator.size).slice(of: communicator.rank)
      },
      {
        guard let nodes = try communicator.nodeMemory()?.nodes, nodes.count == 1 else { return 0..<0 }
        try NodeWorkers(many.plan, nodes: nodes).sum(many, into: $0, over: communicator)
        return 0..<count
      },
    ]
    let results = try uses.map { use in
      let first = try few.reduce(over: slow)
      let second = TensorStorage(count: count)
      return (first, second, try use(second.pointer))
    }
    for (first, second, elements) in results {
      try requireSum(first, few.plan, step: 0)
      try requireSum(
        Tensor(viewOf: second, offset: 0, shape: [count]), many.plan, step: 0, elements: elements)
    }
  }

  /// The ranks of nodes of so many.
  package static func nodes(_ sizes: [Int]) -> [[Int]] {
    var next = 0
    return sizes.map { size in
      next += size
      return Array(next - size..<next)
    }
  }

  /// The sums of this rank's ``leaf(_:count:step:)``.
  package static func sums(of reducer: GradientReducer, step: Int = 0) -> PartialSums {
    let count = reducer.count
    for microBatch in reducer.plan.local {
      reducer.add(Tensor(leaf(microBatch, count: count, step: step), shape: [count]), at: microBatch)
    }
    return reducer.finish()
  }

  private static func requireSum(
    _ sum: Tensor, _ plan: MicroBatchPlan, step: Int, elements: Range<Int>? = nil
  ) throws {
    let expected = fold((0..<plan.microBatches).map { leaf($0, count: sum.count, step: step) }[...])
    let elements = elements ?? 0..<sum.count
    try require(
      sum.scalars[elements].elementsEqual(expected[elements]) { $0.bitPattern == $1.bitPattern },
      "\(plan.microBatches) micro-batches of \(sum.count) elements on rank \(plan.rank) of \(plan.worldSize), step \(step)"
    )
  }

  /// After the first step the system is asked for no memory. To be run where nothing else uses tensors.
  package static func allocations(on communicator: any Communicator) throws {
    let plan = try MicroBatchPlan(
      batch: 16, microBatches: 16, worldSize: communicator.size, rank: communicator.rank)
    let reducer = GradientReducer(plan: plan, count: long)
    let values = Tensor(repeating: 1, shape: [long])
    var afterFirst = 0
    for step in 0..<6 {
      for microBatch in plan.local { reducer.add(values, at: microBatch) }
      let sum = try reducer.reduce(over: communicator)
      try require(sum.withUnsafeBufferPointer { $0.allSatisfy { $0 == 16 } }, "the sum is wrong")
      if step == 0 { afterFirst = TensorStorage.systemAllocations }
    }
    let more = TensorStorage.systemAllocations - afterFirst
    try require(more == 0, "\(more) allocations after the first step")
  }

  /// The definition of the sum: the leaves' halves, added recursively.
  package static func fold(_ leaves: ArraySlice<[Float]>) -> [Float] {
    if leaves.count == 1 { return leaves[leaves.startIndex] }
    let middle = leaves.startIndex + leaves.count / 2
    return zip(fold(leaves[..<middle]), fold(leaves[middle...])).map { $0 + $1 }
  }

  /// Values whose sum depends on the order of addition: magnitudes over eight decades, both signs.
  package static func leaf(_ microBatch: Int, count: Int, step: Int) -> [Float] {
    var state = UInt64(truncatingIfNeeded: microBatch &* 1_000_003 &+ step &* 7 &+ 12345)
    return (0..<count).map { _ in
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      let mantissa = Float(Int32(truncatingIfNeeded: state >> 32)) * 0x1p-31
      let exponent = Float(sign: .plus, exponent: Int(state >> 24 & 31) - 16, significand: 1)
      return mantissa * exponent
    }
  }
}
