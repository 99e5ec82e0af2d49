import Autograd
import Checkpoints
import DataParallel
import MessagePassing
import Models
import TensorCore
import TestSupport
import Testing
import Training

@Suite("Training with gradients compressed between nodes")
struct CompressedTrainingTests {
  private static let rank = 2

  /// What came of each rank of some nodes after some steps.
  private static func states(
    _ nodes: [[Int]], steps: Int = 3, overlap: Bool = true, bucketLength: Int = 100,
    compressionRank: Int? = rank
  ) throws -> [String] {
    try outcomes(
      ranks: nodes.joined().count, nodes: nodes, overlap: overlap, compressionRank: compressionRank,
      bucketLength: bucketLength
    ) { rank in
      try rank.train(steps: steps)
      return try rank.wholeStateSHA256()
    }.map { try $0.get() }
  }

  @Test("three steps depend on the layout of nodes and the rank of the products alone")
  func sameBits() throws {
    let two = Set(try Self.states([[0], [1]]))
    #expect(two.count == 1)
    for overlap in [true, false] {
      for length in [1, 100, BucketPlan.defaultLength] {
        #expect(Set(try Self.states([[0], [1]], overlap: overlap, bucketLength: length)) == two)
        #expect(Set(try Self.states([[0, 1], [2, 3]], overlap: overlap, bucketLength: length)) == two)
      }
    }
    #expect(Set(try Self.states([[0], [1, 2]])) != two)
    #expect(Set(try Self.states([[0], [1]], compressionRank: 1)) != two)
  }

  private static func weights(_ nodes: [[Int]], compressionRank: Int?) throws -> Set<String> {
    Set(
      try outcomes(ranks: nodes.joined().count, nodes: nodes, compressionRank: compressionRank) { rank in
        try rank.train(steps: 3)
        return rank.engine.state.weightsSHA256
      }.map { try $0.get() })
  }

  @Test(
    "a discriminator learns as it does when nothing is compressed, and every loss is the same on all ranks")
  func learning() throws {
    func losses(compressionRank: Int?) throws -> [Float] {
      let losses = try outcomes(ranks: 2, nodes: [[0], [1]], compressionRank: compressionRank) { rank in
        try (0..<12).map { step in
          try rank.engine.take(rank.schedule.turns(at: step)[0], on: rank.microBatches(step: step), flags: [])
          try rank.engine.synchronize()
          return rank.engine.reports[0].values[0]
        }
      }.map { try $0.get() }
      #expect(losses[0] == losses[1])
      return losses[0]
    }
    let exact = try losses(compressionRank: nil)
    let compressed = try losses(compressionRank: 1)
    #expect(compressed[0] == exact[0] && compressed != exact)
    let (learned, learnedCompressed) = (exact[0] - exact[11], compressed[0] - compressed[11])
    #expect(learned > 0.3 && learnedCompressed > 0.85 * learned, "\(exact) \(compressed)")
  }

  @Test("on one node the weights are those of a run that compresses nothing, on two they are not")
  func oneNode() throws {
    let exact = try Self.weights([[0]], compressionRank: nil)
    #expect(exact.count == 1)
    #expect(try Self.weights([[0]], compressionRank: Self.rank) == exact)
    #expect(try Self.weights([[0, 1, 2]], compressionRank: Self.rank) == exact)
    #expect(try Self.weights([[0], [1]], compressionRank: nil) == exact)
    #expect(try Self.weights([[0], [1]], compressionRank: Self.rank) != exact)
  }

  @Test(
    "after a NaN that all ranks have seen they go on as if its step had not been", arguments: [true, false],
    [[[0], [1]], [[0, 1], [2]]])
  func recovery(overlap: Bool, nodes: [[Int]]) throws {
    func states(isPoisoned: Bool) throws -> [String] {
      try outcomes(
        ranks: nodes.joined().count, nodes: nodes, overlap: overlap, compressionRank: Self.rank,
        bucketLength: 1
      ) { rank in
        for step in [0, 1, 2] where isPoisoned || step != 1 {
          do {
            for turn in rank.schedule.turns(at: step) {
              let batches = rank.microBatches(step: step).map {
                step == 1 && $0.index == 0 ? EngineRank.poisoned($0) : $0
              }
              try rank.engine.take(turn, on: batches, flags: [])
            }
            try rank.engine.synchronize()
          } catch is TurnError {
            rank.engine.recover()
          }
        }
        return try rank.wholeStateSHA256()
      }.map { try $0.get() }
    }
    let healthy = try states(isPoisoned: false)
    #expect(try states(isPoisoned: true) == healthy && Set(healthy).count == 1)
  }

  @Test("a turn that is left out leaves weights, errors and factors as they were on all ranks")
  func skipping() throws {
    let states = try outcomes(ranks: 3, nodes: [[0], [1, 2]], compressionRank: Self.rank, bucketLength: 1) {
      rank in
      rank.engine.state.skipped = SkippedTurns(limit: 2, networks: 2)
      try rank.train(steps: 2)
      rank.engine.state.skipped = nil
      let before = try rank.wholeStateSHA256()
      rank.engine.state.skipped = SkippedTurns(limit: 2, networks: 2)
      let batches = rank.microBatches(step: 2).map { $0.index == 5 ? EngineRank.poisoned($0) : $0 }
      try rank.engine.take(rank.schedule.turns(at: 2)[0], on: batches, flags: [])
      try rank.engine.synchronize()
      #expect(rank.engine.state.skipped?.total == 1)
      rank.engine.state.skipped = nil
      return (before, try rank.wholeStateSHA256())
    }.map { try $0.get() }
    #expect(states.allSatisfy { $0 == states[0] && $0.0 == $0.1 })
  }

  @Test("an error that makes a sum one that is not finite stops all ranks before a weight is moved")
  func overflow() throws {
    let results = outcomes(ranks: 2, nodes: [[0], [1]], compressionRank: Self.rank, bucketLength: 1) { rank in
      try rank.train(steps: 1)
      let before = rank.engine.state.weightsSHA256
      Self.scaleErrors(of: rank.engine.state, by: 3e38)
      let error = #expect(throws: TurnError.self) { try rank.train(steps: 1) }
      #expect(rank.engine.state.weightsSHA256 == before)
      return error
    }
    let errors = try results.map { try $0.get() }
    #expect(errors[0]?.ranks == [] && errors[0] == errors[1], "no rank's own sums are at fault")
  }

  // MARK: - Generations

  /// Trains two steps on nodes, saves, and goes on for two on others from what was saved.
  /// - Returns: of each rank the hash at the end; with it what is left to be sent of each network before and
  ///   after.
  private static func resumed(
    _ nodes: [[Int]], on others: [[Int]]
  ) throws -> (hashes: [String], saved: [[Float]], dealt: [[Float]], note: String?) {
    let folder = TemporaryFolder()
    let path = folder.path + "/checkpoints"
    let saved = try outcomes(ranks: nodes.joined().count, nodes: nodes, compressionRank: rank) { rank in
      try rank.train(steps: 2)
      let exchange = RankExchange(rank.communication)
      try rank.engine.state.gatherShares(over: exchange)
      if exchange.rank == 0 { _ = try RunStateTests.generation(rank.engine.state, in: path) }
      return left(rank.engine.state)
    }.map { try $0.get() }
    #expect(saved.allSatisfy { $0 == saved[0] })
    let generation = try CheckpointStore.load(path: path + "/step-00000003")
    let results = try outcomes(ranks: others.joined().count, nodes: others, compressionRank: rank) { rank in
      let (exchange, state) = (RankExchange(rank.communication), rank.engine.state)
      if exchange.rank == 0 { try state.restore(generation) }
      try state.copyFromFirst(over: exchange)
      try state.gatherShares(over: exchange)
      let dealt = left(state)
      state.keepOwnShare(of: exchange)
      for step in 2..<4 {
        for turn in rank.schedule.turns(at: step) {
          try rank.engine.take(turn, on: rank.microBatches(step: step), flags: [])
        }
      }
      try rank.engine.synchronize()
      return (hash: try rank.wholeStateSHA256(), dealt: dealt, note: state.powerSGD?.note)
    }.map { try $0.get() }
    #expect(results.allSatisfy { $0.dealt == results[0].dealt })
    return (results.map(\.hash), saved[0], results[0].dealt, results[0].note)
  }

  /// Multiplies what this rank's node has left to be sent.
  private static func scaleErrors(of state: RunState, by factor: Float) {
    for network in state.model.networks.indices {
      state.powerSGD?[network].error = state.powerSGD?[network].error?.multiplied(by: factor)
    }
  }

  /// What all nodes have left of each network.
  private static func left(_ state: RunState) -> [[Float]] {
    state.model.networks.indices.map { state.powerSGD?.totalError(of: $0)?.scalars ?? [] }
  }

  @Test(
    "a run goes on from a generation as one that was not interrupted, on the same nodes with any number of ranks",
    arguments: [
      ([[0], [1]], [[0], [1]]), ([[0], [1]], [[0, 1], [2, 3]]), ([[0, 1], [2, 3]], [[0], [1]]),
    ])
  func resume(nodes: ([[Int]], [[Int]])) throws {
    let undisturbed = try Self.states(nodes.0, steps: 4)[0]
    let resumed = try Self.resumed(nodes.0, on: nodes.1)
    #expect(resumed.hashes.allSatisfy { $0 == undisturbed } && resumed.note == nil)
    #expect(resumed.dealt == resumed.saved)
  }

  @Test(
    "on other nodes nothing that was left is lost, and that is said",
    arguments: [[[0], [1], [2]], [[0], [1, 2]], [[0, 1]]])
  func resumeElsewhere(nodes: [[Int]]) throws {
    let resumed = try Self.resumed([[0], [1]], on: nodes)
    #expect(resumed.saved.allSatisfy { $0.contains { $0 != 0 } } && resumed.dealt == resumed.saved)
    #expect(Set(resumed.hashes).count == 1)
    #expect(resumed.note?.hasPrefix("the checkpoint is of 2 nodes") == true)
  }

  @Test("what several nodes have left is applied at the first turn on one")
  func release() throws {
    let folder = TemporaryFolder()
    let path = folder.path + "/checkpoints"
    _ = try outcomes(ranks: 2, nodes: [[0], [1]], compressionRank: Self.rank) { rank in
      try rank.train(steps: 2)
      let exchange = RankExchange(rank.communication)
      try rank.engine.state.gatherShares(over: exchange)
      if exchange.rank == 0 { _ = try RunStateTests.generation(rank.engine.state, in: path) }
    }.map { try $0.get() }
    let generation = try CheckpointStore.load(path: path + "/step-00000003")
    func weights(forgetting: Bool) throws -> String {
      try outcomes(ranks: 1, nodes: [[0]], compressionRank: Self.rank) { rank in
        try rank.engine.state.restore(generation)
        if forgetting { Self.scaleErrors(of: rank.engine.state, by: 0) }
        #expect(Self.left(rank.engine.state).allSatisfy { !$0.isEmpty })
        try rank.train(steps: 1)
        #expect(Self.left(rank.engine.state).allSatisfy { $0.isEmpty })
        return rank.engine.state.weightsSHA256
      }[0].get()
    }
    #expect(try weights(forgetting: false) != weights(forgetting: true))
  }

  @Test(
    "a rewind takes what is left back on all ranks: to what was saved, or to nothing where a run begins anew")
  func rewind() throws {
    let folder = TemporaryFolder()
    let path = folder.path + "/checkpoints"
    let options = try Options.resolve(recipe: "dcgan")
    let found = try outcomes(ranks: 3, nodes: [[0], [1, 2]], compressionRank: Self.rank) { rank in
      let (exchange, state) = (RankExchange(rank.communication), rank.engine.state)
      func left() throws -> [[Float]] {
        try state.gatherShares(over: exchange)
        defer { state.keepOwnShare(of: exchange) }
        return Self.left(state)
      }
      state.game = GameState()
      try rank.train(steps: 1)
      try state.gatherShares(over: exchange)
      let saved = Self.left(state)
      let generation = exchange.rank == 0 ? try RunStateTests.generation(state, in: path) : nil
      try rank.train(steps: 1)
      let later = try left()
      let rewind = Rewind(state: state, options: options, exchange: exchange)
      state.game?.watch.refuge = 3
      #expect(try rewind.run(at: 2) { _ in generation } == 3)
      let back = try left()
      state.game?.watch.refuge = -1
      #expect(try rewind.run(at: 2) { _ in nil } == nil)
      return (saved: saved, later: later, back: back, anew: try left())
    }.map { try $0.get() }
    for rank in found {
      #expect(rank.later != rank.saved && rank.back == rank.saved && rank.saved == found[0].saved)
      #expect(rank.anew.allSatisfy { $0.isEmpty })
    }
  }

  @Test("a generation without factors, or with others, is refused and nothing of it is taken")
  func otherGeneration() throws {
    let folder = TemporaryFolder()
    let without = try RunStateTests.generation(EngineRank.makeState(), in: folder.path + "/without")
    func state(rank: Int) throws -> RunState {
      let state = EngineRank.makeState()
      let plan = try MicroBatchPlan(batch: 16, microBatches: 8, worldSize: 2, rank: 0)
      state.powerSGD = PowerSGDState(
        model: state.model, rank: rank, seed: 5, plan: plan, ranksOfNodes: [[0], [1]])
      return state
    }
    let other = try RunStateTests.generation(try state(rank: 1), in: folder.path + "/other")
    let fresh = try state(rank: 2)
    fresh.model.networks[0].store.withValues { $0[0] += 1 }
    let before = fresh.stateSHA256(step: 0, arithmetic: "", data: "")
    let errors = [without, other].map { generation in
      #expect(throws: CheckpointError.self) { try fresh.restore(generation) }
    }
    #expect(errors.map { $0?.kind } == [.damaged, .otherModel])
    #expect(fresh.stateSHA256(step: 0, arithmetic: "", data: "") == before)
  }

  @Test("ranks of a node that remember different errors are found")
  func audit() throws {
    let results = outcomes(ranks: 4, nodes: [[0, 1], [2, 3]], compressionRank: Self.rank) { rank in
      try rank.train(steps: 1)
      if rank.engine.plan.rank == 3 { Self.scaleErrors(of: rank.engine.state, by: 2) }
      let exchange = RankExchange(rank.communication)
      try rank.engine.state.gatherShares(over: exchange)
      return #expect(throws: DivergenceError.self) {
        try ReplicaAudit.verify(rank.engine.state, step: 1, over: exchange)
      }
    }
    for result in results { #expect(try result.get()?.ranks == [3]) }
  }

  @Test("error memories count as memory that a rank needs, where there are several nodes")
  func memory() throws {
    let words = ["wire=powersgd", "model.generatorFeatures=256"]
    let options = try Options.resolve(recipe: "dcgan", overrides: words)
    let exact = try Options.resolve(recipe: "dcgan", overrides: Array(words.dropFirst()))
    func bytes(_ options: Options, acrossNodes: Bool) -> Double {
      options.bytesPerRank(samples: 8, acrossNodes: acrossNodes)
    }
    let weights = options.makeModel().networks.reduce(0) { $0 + $1.store.count }
    let more = bytes(options, acrossNodes: true) - bytes(exact, acrossNodes: true)
    #expect(abs(more / Double(8 * weights) - 1) < 0.01)
    #expect(bytes(options, acrossNodes: false) == bytes(exact, acrossNodes: false))
  }
}
