import Conformance
import DataParallel
import MessagePassing
import TensorCore
import Testing

@Suite("Gradients that travel as products of thin matrices")
struct PowerSGDTests {
  /// What a rank has after some turns.
  private struct Outcome: Sendable {
    /// Of each turn.
    var sums: [[Float]] = []
    var memory: PowerSGDMemory
    var bytes = 0

    var error: [Float] { memory.error?.scalars ?? [] }
  }

  /// Some numbers, a matrix of more numbers than a segment has room for, numbers, a small matrix.
  private static let shapes: [Shape] = [[40], [64, 300], [7], [3, 4]]
  private static let parameters = {
    var start = 0
    return shapes.map { shape in
      defer { start += shape.count }
      return (elements: start..<start + shape.count, shape: shape)
    }
  }()
  /// With what lies behind the parameters.
  private static let count = 40 + 64 * 300 + 7 + 12 + 5
  private static let plan = PowerSGDPlan(parameters: parameters, rank: 2, seed: 3)

  private static func leaf(_ leaf: Int, turn: Int) -> [Float] {
    ReductionConformance.leaf(leaf, count: count, step: turn)
  }

  /// What the ranks of nodes of so many ranks have after some turns.
  private static func outcomes(
    _ sizes: [Int], turns: Int = 1, plan: PowerSGDPlan = plan, count: Int = count,
    gradient: @escaping @Sendable (_ leaf: Int, _ turn: Int) -> [Float] = { leaf($0, turn: $1) },
    from memory: @escaping @Sendable (_ node: Int) -> PowerSGDMemory? = { _ in nil }
  ) throws -> [Outcome] {
    let nodes = ReductionConformance.nodes(sizes)
    return try ThreadCommunicator.run(size: sizes.reduce(0, +), nodes: nodes) { communicator in
      let ranks = try MicroBatchPlan(
        batch: 8, microBatches: 8, worldSize: communicator.size, rank: communicator.rank)
      let workers = NodeWorkers(ranks, nodes: nodes)
      let node = nodes.firstIndex { $0.contains(communicator.rank) }!
      let reducer = GradientReducer(plan: ranks, count: count)
      let counter = WatchedCommunicator(communicator)
      var outcome = Outcome(memory: memory(node) ?? PowerSGDMemory(plan))
      for turn in 0..<turns {
        for leaf in ranks.local {
          reducer.add(Tensor(gradient(leaf, turn), shape: [count]), at: leaf)
        }
        let result = TensorStorage(count: count)
        let sum = PowerSGDSum(plan, workers, from: outcome.memory)
        try sum.add(reducer.finish(), from: 0, over: counter, into: result.pointer)
        outcome.memory = sum.memory
        outcome.sums.append(Tensor(viewOf: result, offset: 0, shape: [count]).scalars)
      }
      outcome.bytes = counter.sentBytes.reduce(0, +)
      return outcome
    }
  }

  /// The outcomes of the first rank of each node.
  private static func firsts(_ outcomes: [Outcome], _ sizes: [Int]) -> [Outcome] {
    ReductionConformance.nodes(sizes).map { outcomes[$0[0]] }
  }

  @Test("what gets smaller by half is compressed, in the order of the parameters")
  func plan() {
    let plan = Self.plan
    #expect(plan.matrices.map(\.elements) == [40..<19_240])
    #expect(plan.matrices[0].rows == 64 && plan.matrices[0].columns == 300)
    #expect(plan.numbers(of: 0..<Self.count) == 40 + 2 * (64 + 300) + 7 + 12 + 5)
    // 2 r (16 + 16) < 256 for r below 4; kernels are what is left of the first extent.
    for (rank, isSmaller) in [(3, true), (4, false)] {
      let kernel = PowerSGDPlan(parameters: [(0..<256, [16, 4, 2, 2])], rank: rank, seed: 0)
      #expect(kernel.matrices.isEmpty != isSmaller)
    }
  }

  @Test("matrices begin with different noise, each with that of its place among all parameters of a run")
  func noise() {
    func noise(_ count: Int, firstOrdinal: Int = 0) -> [Float] {
      let parameters = (0..<count).map { (elements: $0 * 256..<($0 + 1) * 256, shape: [16, 16] as Shape) }
      return PowerSGDPlan(parameters: parameters, rank: 3, seed: 3, firstOrdinal: firstOrdinal).noise.scalars
    }
    let two = noise(2)
    #expect(two.count == 2 * 3 * 16 && two[..<48] != two[48...])
    #expect(noise(1) == Array(two[..<48]) && noise(1, firstOrdinal: 1) == Array(two[48...]))
  }

  @Test(
    "with the rank of a matrix the sum is exact but for rounding, and all nodes together have nothing left",
    arguments: [[6, 5], [5, 6], [8, 8]], [[1, 1], [2, 2], [1, 1, 1]])
  func fullRank(extents: [Int], sizes: [Int]) throws {
    let count = extents[0] * extents[1]
    let plan = PowerSGDPlan(
      compressing: [(ordinal: 0, elements: 0..<count, rows: extents[0], columns: extents[1])],
      rank: extents.min()!, seed: 1)
    let gradient = { @Sendable in ReductionConformance.leaf($0, count: count, step: $1) }
    let outcomes = try Self.outcomes(sizes, turns: 2, plan: plan, count: count, gradient: gradient)
    for turn in 0..<2 {
      let exact = ReductionConformance.fold((0..<8).map { gradient($0, turn) }[...])
      let scale = exact.map(abs).max()!
      #expect(zip(outcomes[0].sums[turn], exact).allSatisfy { abs($0 - $1) <= 1e-4 * scale })
      // Single nodes may have something left, of which the sum is nothing.
      let errors = Self.firsts(outcomes, sizes).map(\.error)
      let left = errors.dropFirst().reduce(errors[0]) { zip($0, $1).map(+) }
      #expect(left.count == count && left.allSatisfy { abs($0) <= 1e-4 * scale })
    }
  }

  @Test(
    "what was summed and what all nodes remember add up to all gradients",
    arguments: [[1, 1], [2, 2], [1, 3], [1, 1, 1]])
  func errorFeedback(sizes: [Int]) throws {
    let turns = 6
    let outcomes = try Self.outcomes(sizes, turns: turns)
    let matrix = Self.plan.matrices[0]
    var total = [Double](repeating: 0, count: matrix.elements.count)
    for sum in outcomes[0].sums {
      for (i, place) in matrix.elements.enumerated() { total[i] += Double(sum[place]) }
    }
    let errors = Self.firsts(outcomes, sizes).map(\.error)
    for error in errors { for (i, number) in error.enumerated() { total[i] += Double(number) } }
    var gradients = [Double](repeating: 0, count: matrix.elements.count)
    for turn in 0..<turns {
      for leaf in (0..<8).map({ Self.leaf($0, turn: turn) }) {
        for (i, place) in matrix.elements.enumerated() { gradients[i] += Double(leaf[place]) }
      }
    }
    let scale = gradients.map(abs).max()!
    #expect(zip(total, gradients).allSatisfy { abs($0 - $1) <= 1e-5 * scale })
    #expect(errors.allSatisfy { $0.contains { Double(abs($0)) > 0.1 * scale } }, "there is something left")
  }

  @Test(
    "what is not compressed has the bits of one rank", arguments: [[1, 1], [2, 2], [1, 3], [1, 1, 1]])
  func exactRest(sizes: [Int]) throws {
    let sum = try Self.outcomes(sizes)[0].sums[0]
    let exact = ReductionConformance.fold((0..<8).map { Self.leaf($0, turn: 0) }[...])
    let matrix = Self.plan.matrices[0].elements
    #expect(sum[..<40] == exact[..<40] && sum[matrix.upperBound...] == exact[matrix.upperBound...])
    #expect(sum[matrix] != exact[matrix])
  }

  @Test(
    "the bits depend on which micro-batches share a node, not on its ranks, and are the same on all",
    arguments: [
      ([1, 1], [2, 2]), ([1, 1], [4, 4]), ([1, 1, 1], [2, 2, 2]), ([1, 1, 1, 1], [2, 2, 2, 2]),
    ])
  func layouts(sizes: ([Int], [Int])) throws {
    let few = try Self.outcomes(sizes.0, turns: 3)
    let many = try Self.outcomes(sizes.1, turns: 3)
    #expect((few + many).allSatisfy { $0.sums == few[0].sums })
    #expect((few + many).allSatisfy { $0.memory.factors.scalars == few[0].memory.factors.scalars })
    for (node, ranks) in ReductionConformance.nodes(sizes.1).enumerated() {
      #expect(ranks.allSatisfy { many[$0].error == few[node].error })
    }
    #expect(few[0].error != few[1].error)
    #expect(try Self.outcomes([1, 3], turns: 3)[0].sums != few[0].sums)
  }

  @Test("nodes are what shares memory, where some ranks do, and their ranks follow each other")
  func nodesOfSums() throws {
    let hosts = NodeLayout(processorNames: ["a", "a", "b", "b"])
    func found(_ memory: [[Int]]) -> [Result<[[Int]], any Error>] {
      ThreadCommunicator.results(size: 4, nodes: memory) { try GradientWire.powersgd.check(hosts, over: $0) }
    }
    for nodes in [[[0, 1], [2, 3]], [[0], [1], [2, 3]]] {
      #expect(try found(nodes).map { try $0.get() } == Array(repeating: nodes, count: 4))
    }
    for result in found([[0, 2], [1, 3]]) {
      #expect(throws: PlanError.scatteredRanks(.powersgd)) { try result.get() }
    }
  }

  @Test(
    "vectors of nodes are added in the order of the nodes, on every rank",
    arguments: [[1, 1, 1, 1], [2, 1, 3]],
    [1, 16, 100, 20_000])
  func addedInOrder(sizes: [Int], count: Int) throws {
    let nodes = ReductionConformance.nodes(sizes)
    let vectors = nodes.indices.map { ReductionConformance.leaf($0, count: count, step: 0) }
    let sums = try ThreadCommunicator.run(size: nodes.joined().count, nodes: nodes) { communicator in
      let plan = try MicroBatchPlan(
        batch: 8, microBatches: 8, worldSize: communicator.size, rank: communicator.rank)
      var values = vectors[nodes.firstIndex { $0.contains(communicator.rank) }!]
      try NodeWorkers(plan, nodes: nodes).addUp(&values, count: count, over: communicator)
      return values
    }
    let expected = vectors.dropFirst().reduce(vectors[0]) { zip($0, $1).map(+) }
    #expect(sums.allSatisfy { $0 == expected })
  }

  @Test("8 r (n + m) (M - 1) bytes of a matrix travel between M nodes, however many ranks they have")
  func bytes() throws {
    for sizes in [[1, 1], [2, 2], [4, 4], [1, 1, 1, 1], [2, 2, 2, 2]] {
      let sent = try Self.outcomes(sizes).reduce(0) { $0 + $1.bytes }
      #expect(sent == 8 * (sizes.count - 1) * (2 * (64 + 300) + 40 + 7 + 12 + 5))
    }
  }

  @Test(
    "a sum that is not finite is so on all ranks, at the first element of its matrix",
    arguments: [Float.nan, .infinity])
  func notFinite(value: Float) throws {
    for sizes in [[1, 1], [1, 3]] {
      let outcomes = try Self.outcomes(sizes) { leaf, turn in
        var gradient = Self.leaf(leaf, turn: turn)
        if leaf == 5 { gradient[40 + 17 * 300] = value }
        return gradient
      }
      for outcome in outcomes {
        let first = try #require(outcome.sums[0].firstIndex { !$0.isFinite })
        #expect(Self.plan.matrices[0].elements.contains(first))
      }
    }
  }

  @Test("and so it is where only what is remembered makes it so")
  func overflow() throws {
    let error = Tensor(repeating: 3e38, shape: [64 * 300])
    let outcomes = try Self.outcomes(
      [1, 1],
      gradient: { leaf, _ in [Float](repeating: leaf == 7 ? 1e37 : 0, count: Self.count) },
      from: { $0 == 1 ? PowerSGDMemory(error: error, factors: Self.plan.noise) : nil })
    #expect(outcomes.allSatisfy { $0.sums[0].contains { !$0.isFinite } })
  }

  @Test("a matrix without a gradient is sent as none, and compressed when it has one")
  func nothing() throws {
    let outcome = try Self.outcomes([1, 1], turns: 2) { leaf, turn in
      turn == 0 ? [Float](repeating: 0, count: Self.count) : Self.leaf(leaf, turn: turn)
    }[0]
    #expect(outcome.sums[0].allSatisfy { $0 == 0 })
    let later = try Self.outcomes([1, 1]) { leaf, _ in Self.leaf(leaf, turn: 1) }[0]
    #expect(outcome.sums[1] == later.sums[0] && outcome.error == later.error)
  }

  @Test("on one node nothing is compressed, and what several have left is added once", arguments: [[1], [3]])
  func oneNode(sizes: [Int]) throws {
    let error = Self.leaf(9, turn: 0)[..<(64 * 300)]
    let outcomes = try Self.outcomes(
      sizes, turns: 2,
      from: { _ in
        PowerSGDMemory(error: Tensor(Array(error), shape: [64 * 300]), factors: Self.plan.noise)
      })
    for outcome in outcomes {
      #expect(outcome.memory.error == nil && outcome.bytes == (sizes == [1] ? 0 : outcome.bytes))
      for turn in 0..<2 {
        var exact = ReductionConformance.fold((0..<8).map { Self.leaf($0, turn: turn) }[...])
        if turn == 0 { for (i, number) in error.enumerated() { exact[40 + i] += number } }
        #expect(outcome.sums[turn] == exact)
      }
    }
  }

  @Test("descent on a least-squares problem ends where it does with exact sums, and not without error memory")
  func descent() throws {
    let (rows, columns, samples) = (24, 40, 8)
    let plan = PowerSGDPlan(
      compressing: [(ordinal: 0, elements: 0..<rows * columns, rows: rows, columns: columns)], rank: 1,
      seed: 2)
    /// The loss of W after descent, a sum over micro-batches of ||(W - T) x||² with a target T of full rank.
    func loss(_ sum: @escaping @Sendable (PowerSGDSum?, Int) -> PowerSGDMemory?, isExact: Bool) throws
      -> Double
    {
      try ThreadCommunicator.run(size: 2, nodes: [[0], [1]]) { communicator in
        let ranks = try MicroBatchPlan(batch: 8, microBatches: 8, worldSize: 2, rank: communicator.rank)
        let workers = NodeWorkers(ranks, nodes: [[0], [1]])
        let noise = KeyedNoise(seed: 4, purpose: .synthetic, turn: 0)
        let target = noise.normal([rows * columns]).scalars
        var difference = target.map { -$0 }
        var memory = PowerSGDMemory(plan)
        func inputs(_ leaf: Int, _ turn: Int) -> [Float] {
          KeyedNoise(seed: 4, purpose: .synthetic, turn: 1 + 8 * turn + leaf).normal([samples * columns])
            .scalars
        }
        for turn in 0..<600 {
          let reducer = GradientReducer(plan: ranks, count: rows * columns)
          for leaf in ranks.local {
            let x = inputs(leaf, turn)
            var gradient = [Float](repeating: 0, count: rows * columns)
            for sample in 0..<samples {
              for row in 0..<rows {
                var residual: Float = 0
                for column in 0..<columns {
                  residual += difference[row * columns + column] * x[sample * columns + column]
                }
                for column in 0..<columns {
                  gradient[row * columns + column] += residual * x[sample * columns + column]
                }
              }
            }
            reducer.add(Tensor(gradient, shape: [rows * columns]), at: leaf)
          }
          let result = TensorStorage(count: rows * columns)
          if isExact {
            try reducer.finish().reduce(over: communicator, into: result.pointer)
          } else {
            let compressed = PowerSGDSum(plan, workers, from: memory)
            try compressed.add(reducer.finish(), from: 0, over: communicator, into: result.pointer)
            memory = sum(compressed, turn) ?? memory
          }
          for index in difference.indices { difference[index] -= 5e-4 * result.pointer[index] }
        }
        return difference.reduce(0.0) { $0 + Double($1) * Double($1) }
          / target.reduce(0.0) { $0 + Double($1) * Double($1) }
      }[0]
    }
    let exact = try loss({ _, _ in nil }, isExact: true)
    let compressed = try loss({ sum, _ in sum?.memory }, isExact: false)
    let forgetful = try loss(
      { sum, _ in sum.map { PowerSGDMemory(factors: $0.memory.factors) } }, isExact: false)
    #expect(exact < 1e-3 && compressed < 1e-2, "\(exact) \(compressed)")
    #expect(compressed < forgetful, "\(compressed) \(forgetful)")
  }
}
