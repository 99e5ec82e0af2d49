import Conformance
import DataParallel
import MessagePassing
import TensorCore
import Testing

@Suite("Sums whose numbers are rounded between nodes")
struct WireFormatTests {
  /// What the ranks of nodes of so many ranks have after adding up, and the bytes that each sent.
  private static func sums(
    _ sizes: [Int], count: Int, microBatches: Int = 8, as format: WireFormat = .bfloat16
  ) throws -> [(sum: [Float], bytes: Int)] {
    let nodes = ReductionConformance.nodes(sizes)
    return try ThreadCommunicator.run(size: nodes.joined().count, nodes: nodes) { communicator in
      let plan = try MicroBatchPlan(
        batch: microBatches, microBatches: microBatches, worldSize: communicator.size, rank: communicator.rank
      )
      let sums = ReductionConformance.sums(of: GradientReducer(plan: plan, count: count))
      let counter = WatchedCommunicator(communicator)
      let sum = Tensor(repeating: 0, shape: [count])
      try sum.withUnsafePointer { (pointer) throws in
        try sums.reduce(over: counter, into: UnsafeMutablePointer(mutating: pointer), as: format)
      }
      return (sum.scalars, counter.sentBytes.reduce(0, +))
    }
  }

  private static func rounded(_ values: [Float]) -> [Float] {
    var values = values
    let count = values.count
    values.withUnsafeMutableBufferPointer { BrainFloat.round($0.baseAddress!, count: count) }
    return values
  }

  /// The same by definition: the maximal subtrees of each node's micro-batches are added up and rounded, then
  /// added along the tree, and the sum is rounded.
  private static func foldRounded(_ leaves: [[Float]], _ sizes: [Int]) throws -> [Float] {
    let plan = try MicroBatchPlan(
      batch: leaves.count, microBatches: leaves.count, worldSize: sizes.reduce(0, +), rank: 0)
    var next = 0
    let pieces = Set(
      sizes.flatMap { size in
        defer { next += size }
        let (first, last) = (plan.microBatches(of: next), plan.microBatches(of: next + size - 1))
        return plan.tree.pieces(of: first.lowerBound..<last.upperBound).map(\.leaves)
      })
    func sum(_ range: Range<Int>) -> [Float] {
      if pieces.contains(range) { return rounded(ReductionConformance.fold(leaves[range])) }
      let middle = range.lowerBound + range.count / 2
      return zip(sum(range.lowerBound..<middle), sum(middle..<range.upperBound)).map(+)
    }
    return rounded(sum(0..<leaves.count))
  }

  @Test(
    "are each node's sums rounded, added and rounded, on every rank",
    arguments: [[1, 1], [2, 2], [1, 3], [4, 4], [3, 1], [1, 2, 3], [1, 1, 1]],
    [1, 100, 5003])
  func twoNodes(sizes: [Int], count: Int) throws {
    let leaves = (0..<8).map { ReductionConformance.leaf($0, count: count, step: 0) }
    let all = try Self.sums(sizes, count: count).map(\.sum)
    let isSame = all.allSatisfy { $0 == all[0] }
    #expect(isSame)
    #expect(all[0] == Self.rounded(try Self.foldRounded(leaves, sizes)))
    let exact = ReductionConformance.fold(leaves[...])
    #expect(all[0] != exact)
    let magnitudes = (0..<count).map { element in leaves.reduce(0) { $0 + abs($1[element]) } }
    #expect(zip(zip(all[0], exact), magnitudes).allSatisfy { abs($0.0 - $0.1) <= $1 * 0x1p-7 })
  }

  @Test("depend on which micro-batches share a node, not on its ranks")
  func layouts() throws {
    let two = try Self.sums([1, 1], count: 3000)[0].sum
    #expect(try Self.sums([4, 4], count: 3000)[5].sum == two)
    #expect(try Self.sums([1, 1, 1, 1], count: 3000)[0].sum != two)
  }

  @Test("take half the bytes")
  func bytes() throws {
    for sizes in [[1, 1], [2, 2], [2, 2, 2, 2]] {
      let whole = try Self.sums(sizes, count: 64_000, as: .float32).reduce(0) { $0 + $1.bytes }
      #expect(try Self.sums(sizes, count: 64_000).reduce(0) { $0 + $1.bytes } * 2 == whole)
    }
  }

  @Test("are refused where a rank would count as a node")
  func refused() throws {
    func errors(_ hosts: [String], nodes: [[Int]]) -> [PlanError?] {
      ThreadCommunicator.results(size: hosts.count, nodes: nodes) { communicator in
        try GradientWire.bfloat16.check(NodeLayout(processorNames: hosts), over: communicator)
      }.map { result in
        guard case .failure(let error) = result else { return nil }
        return error as? PlanError
      }
    }
    let scattered = Array(repeating: PlanError.scatteredRanks(.bfloat16), count: 4)
    #expect(errors(["a", "b", "a", "b"], nodes: [[0, 2], [1, 3]]) == scattered)
    let apart = Array(repeating: PlanError.noSharedMemory(.bfloat16), count: 4)
    #expect(errors(["a", "a", "b", "b"], nodes: []) == apart)
    #expect(errors(["a", "a", "b", "b"], nodes: [[0, 1], [2, 3]]) == [nil, nil, nil, nil])
    #expect(errors(["a", "b"], nodes: []) == [nil, nil])
  }

  @Test("are those of several nodes: on one, which need not share memory, numbers travel as they are")
  func severalNodes() {
    #expect(GradientWire.allCases.map { $0.format(acrossNodes: true) } == [.float32, .bfloat16, .float32])
    #expect(GradientWire.allCases.allSatisfy { $0.format(acrossNodes: false) == .float32 })
  }

  @Test("within a node nothing is rounded", arguments: [1, 2, 3])
  func oneNode(ranks: Int) throws {
    let exact = ReductionConformance.fold(
      (0..<8).map { ReductionConformance.leaf($0, count: 777, step: 0) }[...])
    let sums = try Self.sums([ranks], count: 777)
    #expect(sums.allSatisfy { $0.sum == exact })
  }
}
