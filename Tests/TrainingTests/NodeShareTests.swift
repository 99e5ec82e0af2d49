import Autograd
import Conformance
import DataParallel
import Foundation
import MessagePassing
import Models
import Networks
import TensorCore
import Testing
import Training

@Suite("Ranks of a node share one state")
struct NodeShareTests {
  private static let reference = Result { try states([], game: EngineGame())[0] }

  /// The state of every rank after three steps; shared by the ranks of a node where there are nodes.
  private static func states(
    _ nodes: [[Int]], overlap: Bool = true, game: EngineGame, bucketLength: Int = 100
  ) throws -> [String] {
    try outcomes(
      ranks: max(1, nodes.joined().count), nodes: nodes, overlap: overlap, game: game,
      bucketLength: bucketLength
    ) { rank in
      try rank.engine.state.share(over: RankExchange(rank.communication))
      try rank.train(steps: 3)
      return try rank.wholeStateSHA256()
    }.map { try $0.get() }
  }

  @Test(
    "and train to the bits of one rank alone, on one node and on several",
    arguments: [
      [[0, 1]], [[0, 1, 2]], [[0, 1, 2, 3]], [[0, 1], [2]], [[0], [1, 2]], [[0, 1], [2, 3]],
    ],
    [1, 100, 600])
  func sameBits(nodes: [[Int]], bucketLength: Int) throws {
    let reference = try Self.reference.get()
    let states = try Self.states(nodes, game: EngineGame(), bucketLength: bucketLength)
    #expect(states == Array(repeating: reference, count: nodes.joined().count))
  }

  @Test("without overlap too")
  func blocking() throws {
    let reference = try Self.reference.get()
    #expect(try Self.states([[0, 1]], overlap: false, game: EngineGame()) == [reference, reference])
  }

  @Test("and where weights are cut off, follow from all of a network, or past fakes are kept")
  func games() throws {
    var clipped = EngineGame()
    clipped.objective.clip = 0.02
    clipped.discriminatorTurns = 3
    var spectral = EngineGame()
    spectral.objective.usesSpectralNorm = true
    spectral.replaySize = 16
    for game in [clipped, spectral] {
      let alone = try Self.states([], game: game)[0]
      #expect(try Self.states([[0, 1], [2]], game: game) == [alone, alone, alone])
    }
  }

  @Test("what a balance is decided on is added up where one is kept alone, and changes no weight")
  func balance() throws {
    func trained(
      _ nodes: [[Int]], keepsBalance: Bool
    ) throws -> [(game: GameState?, weights: String)] {
      var game = EngineGame()
      game.keepsBalance = keepsBalance
      game.objective.augmentation = Augmentation(.ada, [.flip], probability: 0.5)
      return try outcomes(ranks: max(1, nodes.joined().count), nodes: nodes, game: game, bucketLength: 100) {
        rank in
        rank.engine.state.game = GameState()
        try rank.engine.state.share(over: RankExchange(rank.communication))
        try rank.train(steps: 2)
        return (rank.engine.state.game, rank.engine.state.weightsSHA256)
      }.map { try $0.get() }
    }
    let alone = try trained([], keepsBalance: true)[0]
    let window = try #require(alone.game?.window)
    #expect(window.discriminator.turns == 2 && window.generator.turns == 2)
    #expect(window.discriminator.norm > 0 && window.generator.norm > 0)
    #expect(try trained([[0, 1]], keepsBalance: true).allSatisfy { $0 == alone })
    for watched in try trained([[0, 1]], keepsBalance: false) + trained([], keepsBalance: false) {
      #expect(watched.game?.window == TurnWindow() && watched.weights == alone.weights)
      #expect(watched.game?.augment == alone.game?.augment && watched.game?.augment.turns == 2)
    }
  }

  @Test("a node holds it once: what one rank writes, its mates read, and other nodes do not")
  func oneCopy() throws {
    let seen = try outcomes(ranks: 3, nodes: [[0, 1], [2]]) { rank in
      let state = rank.engine.state
      try state.share(over: RankExchange(rank.communication))
      func meet() throws { try rank.communication.submit { try $0.barrier() }.wait() }
      try meet()
      if rank.engine.plan.rank == 1 {
        for network in state.model.networks {
          network.store.values.pointer[3] = 41
          network.average?.values.pointer[4] = 42
        }
        for optimizer in state.optimizers { for moment in optimizer.buffers { moment.pointer[5] = 43 } }
      }
      try meet()
      return state.model.networks.flatMap {
        [$0.store.values.pointer[3] == 41, $0.average.map { $0.values.pointer[4] == 42 }].compactMap { $0 }
      } + state.optimizers.flatMap { $0.buffers.map { $0.pointer[5] == 43 } }
    }.map { try $0.get() }
    #expect(seen[0].count == 7)
    #expect(seen[0].allSatisfy { $0 } && seen[1].allSatisfy { $0 } && seen[2].allSatisfy { !$0 })
  }

  @Test("states that differ are found before they become one, by tensor and rank")
  func differing() throws {
    let errors = outcomes(ranks: 3, nodes: [[0, 1, 2]]) { rank in
      if rank.engine.plan.rank == 1 {
        rank.engine.model.networks[1].store.withValues { $0[0] += 1 }
      }
      try rank.engine.state.share(over: RankExchange(rank.communication))
    }.map { $0.error as? DivergenceError }
    for error in errors {
      #expect(error?.ranks == [1])
      #expect(error.map { "\($0)".contains("discriminator main.0.weight") } == true)
    }
  }

  @Test("a sum that is not finite moves nothing, on any rank", arguments: [[[0, 1]], [[0, 1], [2]]])
  func notFinite(nodes: [[Int]]) throws {
    let moved = try outcomes(ranks: nodes.joined().count, nodes: nodes, bucketLength: 100) { rank in
      let state = rank.engine.state
      try state.share(over: RankExchange(rank.communication))
      try rank.train(steps: 1)
      let turn = rank.schedule.turns(at: 1)[0]
      let before = state.model.networks[turn.phase.network].store.flatValues.scalars
      var microBatches = rank.microBatches(step: 1)
      if rank.engine.plan.rank == 1 { microBatches[0] = EngineRank.poisoned(microBatches[0]) }
      try rank.engine.take(turn, on: microBatches, flags: [])
      let error = #expect(throws: TurnError.self) { try rank.engine.synchronize() }
      #expect(error.map { "\($0)".contains("rank 1") } == true)
      rank.engine.recover()
      return state.model.networks[turn.phase.network].store.flatValues.scalars != before
    }.map { try $0.get() }
    #expect(moved.allSatisfy { !$0 })
  }

  @Test("to recover from such a sum waits until no rank of the node moves anything by a turn behind it")
  func recovery() throws {
    let kept = try ThreadCommunicator.results(size: 2, nodes: [[0, 1]]) { communicator in
      let isFirst = communicator.rank == 0
      let late = WatchedCommunicator(communicator, afterMeeting: { if !isFirst { usleep(20_000) } })
      let rank = try EngineRank(late, overlap: true)
      defer { rank.communication.finish() }
      try rank.engine.state.share(over: RankExchange(rank.communication))
      let turns = rank.schedule.turns(at: 0)
      let microBatches = rank.microBatches(step: 0)
      let poisoned = [EngineRank.poisoned(microBatches[0])] + microBatches.dropFirst()
      try rank.engine.take(turns[0], on: poisoned, flags: [])
      _ = #expect(throws: TurnError.self) { try rank.engine.take(turns[1], on: microBatches, flags: []) }
      rank.engine.recover()
      let store = rank.engine.model.networks[turns[1].phase.network].store
      if isFirst { store.values.pointer.update(repeating: 41, count: store.count) }
      try rank.communication.submit { try $0.barrier() }.wait()
      return store.flatValues.scalars.allSatisfy { $0 == 41 }
    }.map { try $0.get() }
    #expect(kept == [true, true])
  }
}
