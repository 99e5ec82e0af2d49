import Conformance
import DataParallel
import MessagePassing
import TensorCore
import Testing

@Suite("The sum of a step has the bits of one rank")
struct GradientReducerTests {
  @Test("on every world size, by messages", arguments: 1...8, [8, 16, 32])
  func threads(worldSize: Int, microBatches: Int) throws {
    _ = try ThreadCommunicator.run(size: worldSize) { communicator in
      try ReductionConformance.run(on: communicator, microBatches: microBatches)
    }
  }

  @Test("on every world size, in shared memory of a few blocks", arguments: 1...8, [8, 16, 32])
  func sharedMemory(worldSize: Int, microBatches: Int) throws {
    try checkNodes([worldSize], microBatches: microBatches)
  }

  @Test(
    "on nodes of several ranks, even and uneven",
    arguments: [[1, 1], [2, 2], [1, 3], [3, 1], [2, 1, 2], [1, 2, 3], [4, 4], [3, 5], [2, 2, 2, 2]], [8, 32])
  func nodes(sizes: [Int], microBatches: Int) throws {
    try checkNodes(sizes, microBatches: microBatches)
  }

  private func checkNodes(_ sizes: [Int], microBatches: Int) throws {
    let counts = ReductionConformance.counts + [20_011]
    let nodes = ReductionConformance.nodes(sizes)
    _ = try ThreadCommunicator.run(size: nodes.joined().count, nodes: nodes) { communicator in
      try ReductionConformance.run(on: communicator, microBatches: microBatches, counts: counts)
    }
  }

  @Test(
    "also where a rank gets its slice only, twice with the same memory and in place or not",
    arguments: [1, 2, 3, 4, 5], [1, 40, 333, 20_011, 70_000])
  func slices(worldSize: Int, count: Int) throws {
    let microBatches = 8
    let expected = ReductionConformance.fold(
      (0..<microBatches).map { ReductionConformance.leaf($0, count: count, step: 0) }[...])
    let nodes = [Array(0..<worldSize)]
    let areRight = try ThreadCommunicator.run(size: worldSize, nodes: nodes) { communicator in
      let plan = try MicroBatchPlan(
        batch: microBatches, microBatches: microBatches, worldSize: worldSize, rank: communicator.rank)
      let reducer = GradientReducer(plan: plan, count: count)
      let slice = SlicePlan(count: count, worldSize: worldSize).slice(of: communicator.rank)
      return try [false, true, false].allSatisfy { isInPlace in
        let sums = ReductionConformance.sums(of: reducer)
        // In the same memory, just before.
        _ = try sums.reduce(over: communicator)
        let room =
          try isInPlace
          ? sums.roomForSum(count: count, over: communicator) : TensorStorage(count: count)
        let isSlice = try sums.reduceSlice(over: communicator, into: room.pointer)
        return isSlice == (worldSize > 1) && slice.allSatisfy { room.pointer[$0] == expected[$0] }
      }
    }
    #expect(areRight.allSatisfy { $0 })
  }

  @Test(
    "also right after a sum of fewer micro-batches, of which a slow rank still reads; slices and nodes too",
    arguments: [2, 3, 4])
  func plansThatDiffer(ranks: Int) throws {
    _ = try ThreadCommunicator.run(size: ranks, nodes: [Array(0..<ranks)]) { communicator in
      try ReductionConformance.plansThatDiffer(on: communicator, count: 3000)
    }
  }

  @Test("on nodes whose ranks do not follow each other, by messages")
  func interleaved() throws {
    _ = try ThreadCommunicator.run(size: 4, nodes: [[0, 2], [1, 3]]) { communicator in
      try ReductionConformance.run(on: communicator, microBatches: 8)
    }
  }

  @Test("what leaves a node does not grow with its ranks", arguments: [1, 2, 4])
  func bytesBetweenNodes(ranks: Int) throws {
    let count = 64_000
    let sent = try ThreadCommunicator.run(
      size: 2 * ranks, nodes: [Array(0..<ranks), Array(ranks..<2 * ranks)]
    ) { communicator in
      let plan = try MicroBatchPlan(
        batch: 8, microBatches: 8, worldSize: 2 * ranks, rank: communicator.rank)
      let counter = WatchedCommunicator(communicator)
      _ = try ReductionConformance.sums(of: GradientReducer(plan: plan, count: count)).reduce(over: counter)
      return counter.sentBytes.reduce(0, +)
    }
    // 2 (M - 1) / M of the vector for a node, M = 2.
    for node in [sent[..<ranks], sent[ranks...]] { #expect(node.reduce(0, +) == 4 * count) }
  }

  @Test("alone, without threads", arguments: [1, 2, 8, 64])
  func solo(microBatches: Int) throws {
    try ReductionConformance.run(on: SoloCommunicator(), microBatches: microBatches)
  }

  @Test("with a rank for each micro-batch")
  func rankPerMicroBatch() throws {
    _ = try ThreadCommunicator.run(size: 16) { communicator in
      try ReductionConformance.run(on: communicator, microBatches: 16, counts: [5, 300])
    }
  }

  @Test(
    "hundreds of ranks: the bits of one, and a node sends 2 (M - 1) / M of the vector",
    arguments: [(64, 1), (256, 1), (64, 4), (256, 4)])
  func large(nodeCount: Int, ranksOnNode: Int) throws {
    let size = nodeCount * ranksOnNode
    let count = 16 * size
    let nodes = (0..<nodeCount).map { Array($0 * ranksOnNode..<($0 + 1) * ranksOnNode) }
    let expected = ReductionConformance.fold(
      (0..<size).map { ReductionConformance.leaf($0, count: count, step: 0) }[...])
    let sent = try ThreadCommunicator.run(size: size, nodes: nodes) { communicator in
      let plan = try MicroBatchPlan(
        batch: size, microBatches: size, worldSize: size, rank: communicator.rank)
      let counter = WatchedCommunicator(communicator)
      let sum = try ReductionConformance.sums(of: GradientReducer(plan: plan, count: count))
        .reduce(over: counter)
      let isRight = sum.withUnsafeBufferPointer { $0.elementsEqual(expected) }
      return isRight ? counter.sentBytes.reduce(0, +) : -1
    }
    // Blocks as small as a test's cannot be cut evenly among hundreds, so that with several ranks only the
    // sum is exact.
    let all = 2 * (nodeCount - 1) * 4 * count
    #expect(sent.reduce(0, +) == all && !sent.contains(-1))
    #expect(ranksOnNode > 1 || sent.allSatisfy { $0 == all / size })
  }

  /// The values must be such that a wrong order of addition is noticed.
  @Test("the order of addition matters to the values that are tested")
  func sensitivity() {
    let leaves = (0..<8).map { ReductionConformance.leaf($0, count: 1000, step: 0) }
    let tree = ReductionConformance.fold(leaves[...])
    let sequential = leaves.dropFirst().reduce(leaves[0]) { zip($0, $1).map { $0 + $1 } }
    #expect(tree != sequential)
  }

  @Test("in rounds of any length", arguments: [16, 48, 4096])
  func rounds(roundLength: Int) throws {
    let count = 5003
    let expected = ReductionConformance.fold(
      (0..<8).map { ReductionConformance.leaf($0, count: count, step: 0) }[...])
    let sums = try ThreadCommunicator.run(size: 3) { communicator in
      let plan = try MicroBatchPlan(batch: 8, microBatches: 8, worldSize: 3, rank: communicator.rank)
      let result = TensorStorage(count: count)
      try ReductionConformance.sums(of: GradientReducer(plan: plan, count: count)).reduceByMessages(
        over: communicator, into: result.pointer, roundLength: roundLength)
      return Tensor(viewOf: result, offset: 0, shape: [count]).scalars
    }
    #expect(sums == [expected, expected, expected])
  }

  @Test(
    "partial sums are values: reducing them twice gives the same bits", arguments: [1, 3, 7], [1, 2, 7])
  func partialSumsAreValues(worldSize: Int, nodeSize: Int) throws {
    let nodes = stride(from: 0, to: worldSize, by: nodeSize).map { start in
      Array(start..<min(start + nodeSize, worldSize))
    }
    let same = try ThreadCommunicator.run(size: worldSize, nodes: nodes) { communicator in
      let plan = try MicroBatchPlan(
        batch: 16, microBatches: 16, worldSize: worldSize, rank: communicator.rank)
      let partial = ReductionConformance.sums(of: GradientReducer(plan: plan, count: 777))
      return try partial.reduce(over: communicator).scalars == partial.reduce(over: communicator).scalars
    }
    #expect(same == Array(repeating: true, count: worldSize))
  }

  @Test("slices cover the vector, begin at cache lines and are used up by the rounds")
  func slices() {
    for worldSize in 1...9 {
      for count in [0, 1, 15, 16, 17, 31, 1000, 4096, 70_001] {
        let plan = SlicePlan(count: count, worldSize: worldSize, roundLength: 512)
        let slices = (0..<worldSize).map(plan.slice)
        #expect(slices.flatMap(Array.init) == Array(0..<count))
        #expect(slices.allSatisfy { $0.isEmpty || $0.lowerBound % 16 == 0 })
        for rank in 0..<worldSize {
          let parts = (0..<plan.rounds).flatMap { Array(plan.part(of: rank, round: $0)) }
          #expect(parts == Array(slices[rank]))
        }
      }
    }
  }
}

/// Needs mpirun, as every installation of Open MPI has it.
@Suite("Under mpirun", .serialized, .enabled(if: MPIRun.isAvailable))
struct MPIReductionTests {
  @Test(
    "the sum has the bits of one rank, takes no new memory, and a divergence is named",
    arguments: [1, 2, 3, 4])
  func reduction(ranks: Int) throws {
    let outcome = try MPIRun.conformance(["reduction", "divergence", "allocations"], ranks: ranks)
    #expect(outcome.status == 0, "\(outcome.output)")
    #expect(outcome.output.contains("conforms on \(ranks) ranks"))
  }
}
