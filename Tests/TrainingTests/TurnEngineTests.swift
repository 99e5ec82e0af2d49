import Autograd
import Checkpoints
import DataParallel
import MessagePassing
import Models
import Networks
import Platform
import TensorCore
import Testing
import Training

@Suite("Turns are the same on every world size")
struct TurnEngineTests {
  /// The state of one rank without overlap after three steps.
  private static let reference = Result { try state(ranks: 1, overlap: false)[0] }

  private static func state(ranks: Int, overlap: Bool) throws -> [String] {
    try outcomes(ranks: ranks, overlap: overlap) { rank in
      try rank.train(steps: 3)
      return rank.stateSHA256
    }.map { try $0.get() }
  }

  @Test(
    "three steps give the same bits on 1, 2, 3, 4 and 8 ranks, with and without overlap",
    arguments: [1, 2, 3, 4, 8], [true, false])
  func sameBits(ranks: Int, overlap: Bool) throws {
    let reference = try Self.reference.get()
    #expect(try Self.state(ranks: ranks, overlap: overlap) == Array(repeating: reference, count: ranks))
  }

  @Test("so do the other families'", arguments: Family.allCases, [true, false])
  func families(family: Family, overlap: Bool) throws {
    func states(ranks: Int, nodes: [[Int]] = []) throws -> [String] {
      try outcomes(ranks: ranks, nodes: nodes, overlap: overlap, game: family.game, bucketLength: 100) {
        rank in
        try rank.train(steps: 2)
        return rank.stateSHA256
      }.map { try $0.get() }
    }
    let alone = try states(ranks: 1)[0]
    for ranks in [2, 3, 8] { #expect(try states(ranks: ranks) == Array(repeating: alone, count: ranks)) }
    #expect(try states(ranks: 3, nodes: [[0], [1, 2]]) == [alone, alone, alone])
  }

  @Test(
    "in buckets of any length as well, on nodes of one and of several ranks",
    arguments: [1, 100, 600],
    [[], [[0], [1]], [[0, 1]], [[0], [1, 2]], [[0, 1], [2, 3]], [[0, 1, 2], [3]]])
  func buckets(length: Int, nodes: [[Int]]) throws {
    let ranks = nodes.isEmpty ? 3 : nodes.joined().count
    let reference = try Self.reference.get()
    let states = try outcomes(ranks: ranks, nodes: nodes, bucketLength: length) { rank in
      try rank.train(steps: 3)
      return rank.stateSHA256
    }.map { try $0.get() }
    #expect(states == Array(repeating: reference, count: ranks))
  }

  @Test("and where something follows from all parameters after each update", arguments: [true, false])
  func bucketsOfSpectralNorms(overlap: Bool) throws {
    func states(ranks: Int, bucketLength: Int) throws -> [String] {
      var game = EngineGame()
      game.objective.usesSpectralNorm = true
      return try outcomes(ranks: ranks, overlap: overlap, game: game, bucketLength: bucketLength) { rank in
        try rank.train(steps: 2)
        return rank.stateSHA256
      }.map { try $0.get() }
    }
    let alone = try states(ranks: 1, bucketLength: 1)[0]
    #expect(try states(ranks: 2, bucketLength: 1) == [alone, alone])
  }

  @Test("rounded between nodes, three steps depend on the layout of nodes alone")
  func roundedBetweenNodes() throws {
    func states(
      _ nodes: [[Int]], overlap: Bool = true, bucketLength: Int = 100
    ) throws -> Set<String> {
      Set(
        try outcomes(
          ranks: nodes.joined().count, nodes: nodes, overlap: overlap, wire: .bfloat16,
          bucketLength: bucketLength
        ) { rank in
          try rank.train(steps: 3)
          return rank.stateSHA256
        }.map { try $0.get() })
    }
    let exact = try Self.reference.get()
    let two = try states([[0], [1]])
    #expect(two.count == 1 && !two.contains(exact))
    #expect(try states([[0], [1]], overlap: false, bucketLength: 600) == two)
    #expect(try states([[0, 1], [2, 3]], bucketLength: 1) == two)
    #expect(try states([[0], [1], [2]]) != two)
    #expect(try states([[0, 1]]) == [exact])
  }

  @Test("a network's first layers are read while its last ones are on their way")
  func firstUse() throws {
    let seen = try outcomes(ranks: 2, bucketLength: 1) { rank in
      let turn = rank.schedule.turns(at: 0)[0]
      let store = rank.engine.model.networks[turn.phase.network].store
      let before = store.flatValues.scalars
      try rank.engine.take(turn, on: rank.microBatches(step: 0), flags: [])
      let first = store.parameters[0]
      let read = first.value.scalars
      // Not through the store, which would wait for all.
      let values = Tensor(viewOf: store.values, offset: 0, shape: [store.count]).scalars
      let rest = first.range.upperBound..<store.count
      let isUntouched = values[rest] == before[rest]
      try rank.engine.synchronize()
      let after = store.flatValues.scalars
      return [
        read == Array(after[first.range]), read != Array(before[first.range]), isUntouched,
        after[rest] != before[rest],
      ]
    }.map { try $0.get() }
    #expect(seen == Array(repeating: [true, true, true, true], count: 2))
  }

  @Test("training changes the weights, and a longer run gives others")
  func changes() throws {
    let lengths = try [0, 1, 2].map { steps in
      try outcomes(ranks: 2) { rank in
        try rank.train(steps: steps)
        return rank.engine.state.weightsSHA256
      }[0].get()
    }
    #expect(Set(lengths).count == 3)
  }

  @Test("statistics are means over the global batch, the same on every rank")
  func statistics() throws {
    func statistics(ranks: Int) throws -> [[[Float]]] {
      try outcomes(ranks: ranks) { rank in
        try rank.train(steps: 1)
        return rank.engine.reports.map(\.values)
      }.map { try $0.get() }
    }
    let alone = try statistics(ranks: 1)[0]
    #expect(alone.map(\.count) == [6, 1] && alone.joined().allSatisfy(\.isFinite))
    #expect(try statistics(ranks: 3) == [alone, alone, alone])
  }

  @Test("a rank that has waited for a sum goes back to what it was doing")
  func activity() throws {
    let activities = try outcomes(ranks: 2) { rank in
      let board = ProgressBoard()
      rank.engine.board = board
      try rank.engine.take(rank.schedule.turns(at: 0)[0], on: rank.microBatches(step: 0), flags: [])
      board.enter(.saving)
      try rank.engine.synchronize()
      return board.place.activity
    }.map { try $0.get() }
    #expect(activities == [.saving, .saving])
  }

  @Test("a rank that has waited for a sum which comes to nothing goes back to what it was doing")
  func activityAfterFailure() throws {
    let activities = try outcomes(ranks: 2) { rank in
      let turn = rank.schedule.turns(at: 0)[0]
      if rank.engine.plan.rank == 1 {
        rank.engine.announceFailure(.badData, at: turn)
      } else {
        try rank.engine.take(turn, on: rank.microBatches(step: 0), flags: [])
        rank.engine.board.enter(.saving)
        #expect(throws: CoordinationError.self) { try rank.engine.synchronize() }
      }
      return rank.engine.board.place.activity
    }.map { try $0.get() }
    #expect(activities == [.saving, .starting])
  }

  @Test("a flag that one rank sets is known to all after the turn")
  func flags() throws {
    let flags = try outcomes(ranks: 3) { rank in
      let turn = rank.schedule.turns(at: 0)[0]
      try rank.engine.take(
        turn, on: rank.microBatches(step: 0), flags: rank.engine.plan.rank == 1 ? .stopRequested : [])
      try rank.engine.synchronize()
      return rank.engine.flags.contains(.stopRequested)
    }.map { try $0.get() }
    #expect(flags == [true, true, true])
  }

  @Test(
    "a NaN in one rank's images stops all ranks with that rank, network, layer and step, before it reaches a weight",
    arguments: [true, false], [1, BucketPlan.defaultLength])
  func notFinite(overlap: Bool, bucketLength: Int) throws {
    let initial = EngineRank.makeState().weightsSHA256
    let results = outcomes(ranks: 3, overlap: overlap, bucketLength: bucketLength) { rank in
      try rank.train(steps: 1)
      let before = rank.engine.state.weightsSHA256
      let error = #expect(throws: TurnError.self) {
        for turn in rank.schedule.turns(at: 1) {
          let batches = rank.microBatches(step: 1).map { $0.index == 0 ? EngineRank.poisoned($0) : $0 }
          try rank.engine.take(turn, on: batches, flags: [])
        }
        try rank.engine.synchronize()
      }
      #expect(before != initial && rank.engine.state.weightsSHA256 == before)
      return error
    }
    for result in results {
      let error = try result.get()
      #expect(
        error == TurnError(network: "discriminator", step: 1, place: "main.0.weight", ranks: [0]))
      #expect(error.map { "\($0)".contains("not finite at step 2, first for") } == true)
    }
  }

  @Test(
    "after a NaN that all ranks have seen they go on as if its step had not been", arguments: [true, false],
    [1, BucketPlan.defaultLength])
  func recovery(overlap: Bool, bucketLength: Int) throws {
    func states(isPoisoned: Bool) throws -> [String] {
      try outcomes(ranks: 3, overlap: overlap, bucketLength: bucketLength) { rank in
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
        return rank.stateSHA256
      }.map { try $0.get() }
    }
    let healthy = try states(isPoisoned: false)
    #expect(try states(isPoisoned: true) == healthy && Set(healthy).count == 1)
  }

  @Test(
    "a turn whose sum is not finite is left out on all ranks alike: equal bits on 1 to 4, with overlap and without"
  )
  func skipping() throws {
    func states(ranks: Int, overlap: Bool) throws -> [String] {
      try outcomes(ranks: ranks, overlap: overlap) { rank in
        rank.engine.state.skipped = SkippedTurns(limit: 2, networks: 2)
        var before = ""
        for step in 0..<5 {
          for turn in rank.schedule.turns(at: step) {
            let batches = rank.microBatches(step: step).map {
              [1, 2, 4].contains(step) && turn.phase.index == 0 && $0.index == 5
                ? EngineRank.poisoned($0) : $0
            }
            try rank.engine.take(turn, on: batches, flags: [])
          }
          if step == 0 || step == 2 {
            try rank.engine.synchronize()
            let weights = SHA256.digest(of: [rank.engine.model.networks[1].store.flatValues])
            #expect(step == 0 || weights == before, "the discriminator stays as it was")
            before = weights
          }
        }
        try rank.engine.synchronize()
        // Never three in a row: steps 1 and 2, and step 4.
        #expect(rank.engine.state.skipped?.total == 3)
        return rank.stateSHA256
      }.map { try $0.get() }
    }
    let alone = try states(ranks: 1, overlap: true)[0]
    for ranks in 2...4 {
      for overlap in [true, false] {
        #expect(
          try states(ranks: ranks, overlap: overlap) == Array(repeating: alone, count: ranks), "\(ranks)")
      }
    }
  }

  @Test("more turns in a row than may be left out stop all ranks, and the count is a part of a generation")
  func skippingEnds() throws {
    let results = outcomes(ranks: 2) { rank in
      rank.engine.state.skipped = SkippedTurns(limit: 2, networks: 2)
      return #expect(throws: TurnError.self) {
        for step in 0..<3 {
          for turn in rank.schedule.turns(at: step) {
            let batches = rank.microBatches(step: step).map { $0.index == 0 ? EngineRank.poisoned($0) : $0 }
            try rank.engine.take(turn, on: batches, flags: [])
          }
          try rank.engine.synchronize()
          #expect(rank.engine.state.skipped?.total == step + 1)
        }
      }
    }
    for result in results {
      #expect(
        try result.get()
          == TurnError(network: "discriminator", step: 2, place: "main.0.weight", ranks: [0]))
    }
    let state = EngineRank.makeState()
    #expect(state.counters["skipped.total"] == nil, "a run that leaves none out has no count")
    let without = state.stateSHA256(step: 1, arithmetic: "", data: "")
    state.skipped = SkippedTurns(limit: 2, networks: 2)
    state.skipped?.numbers = [4, 0, 1]
    #expect(state.counters["skipped.total"] == .integer(4) && state.counters["skipped.row.1"] == .integer(1))
    #expect(state.stateSHA256(step: 1, arithmetic: "", data: "") != without)
  }

  @Test("a learning rate that blows up ends in the same error on every rank")
  func divergence() throws {
    let errors = outcomes(ranks: 2, learningRate: 1e30) { rank in try rank.train(steps: 4) }.map(\.error)
    let first = try #require(errors[0] as? TurnError)
    #expect(errors[1] as? TurnError == first)
    #expect("\(first)".contains("on ranks 0-1") || "\(first)".contains("as a sum"))
  }

  @Test(
    "a failure that one rank announces ends the others with its code",
    arguments: [BucketPlan.defaultLength, 1])
  func announced(bucketLength: Int) throws {
    let results = outcomes(ranks: 3, bucketLength: bucketLength) { rank in
      let turns = rank.schedule.turns(at: 0)
      guard rank.engine.plan.rank != 1 else {
        rank.engine.announceFailure(.inputMissing, at: turns[0])
        return
      }
      let microBatches = rank.microBatches(step: 0)
      for turn in turns { try rank.engine.take(turn, on: microBatches, flags: []) }
      try rank.engine.synchronize()
    }
    #expect(results[1].error == nil)
    for rank in [0, 2] {
      let error = try #require(results[rank].error as? CoordinationError)
      #expect(error.exitStatus == .inputMissing && !error.isReportedHere)
    }
  }

  @Test(
    "ranks at different steps are told which of them is out of lockstep",
    arguments: [BucketPlan.defaultLength, 1])
  func outOfLockstep(bucketLength: Int) {
    let results = outcomes(ranks: 3, bucketLength: bucketLength) { rank in
      let step = rank.engine.plan.rank == 2 ? 1 : 0
      try rank.engine.take(rank.schedule.turns(at: step)[0], on: rank.microBatches(step: step), flags: [])
      try rank.engine.synchronize()
    }
    for result in results {
      let error = result.error as? DivergenceError
      #expect(error?.ranks == [2])
      #expect(error?.description.contains("phase 0 (discriminator)") == true)
    }
  }

  @Test("a turn's vector is gradient, moments in order of computation, statistics")
  func layout() throws {
    let model = EngineRank.makeState().model
    for phase in model.phases {
      let result = TurnResult(of: phase, in: model, on: EngineRank.microBatch(2, step: 4))
      let evaluation = model.evaluate(phase, on: EngineRank.microBatch(2, step: 4))
      let moments = result.moments.flatMap { $0.mean.scalars + $0.variance.scalars }
      #expect(result.gradientCount == model.networks[phase.network].store.count)
      #expect(!moments.isEmpty)
      #expect(result.count == result.gradientCount + moments.count + evaluation.statistics.count)
      let vector = result.vector
      let rest = Array(vector.dropFirst(result.gradientCount))
      #expect(rest == moments + evaluation.statistics.map { $0[0] })
      #expect(vector.prefix(result.gradientCount).contains { $0 != 0 })
    }
  }
}
