import Autograd
import Checkpoints
import DataParallel
import MessagePassing
import Models
import Networks
import TensorCore
import TestSupport
import Testing
import Training

@Suite("Past fakes are shown again")
struct ReplayTests {
  /// Five turns of the discriminator for one of the generator, with everything that looks at several samples.
  private static let game = {
    var game = EngineGame(discriminatorTurns: 5)
    game.condition = ClassCondition(.projection, classes: 3, depth: 2)
    game.comparison = SampleComparison(group: 2, showsDeviation: true, kernels: 2, kernelSize: 3)
    game.replaySize = 32
    return game
  }()

  private static func states(_ game: EngineGame, ranks: Int, steps: Int = 2) throws -> [String] {
    try outcomes(ranks: ranks, overlap: ranks > 1, game: game) { rank in
      try rank.train(steps: steps)
      return try rank.wholeStateSHA256()
    }.map { try $0.get() }
  }

  @Test("a 5:1 game with replay, comparison and classes has the same bits on 1, 2, 3 and 4 ranks")
  func sameBits() throws {
    let reference = try Self.states(Self.game, ranks: 1)[0]
    for ranks in 2...4 {
      #expect(try Self.states(Self.game, ranks: ranks) == Array(repeating: reference, count: ranks))
    }
  }

  @Test("replay, deviation and discrimination each change the weights", arguments: 0..<3)
  func changes(option: Int) throws {
    var game = EngineGame(discriminatorTurns: 2)
    switch option {
    case 0: game.replaySize = 16
    case 1: game.comparison = SampleComparison(group: 2, showsDeviation: true)
    default: game.comparison = SampleComparison(group: 2, showsDeviation: false, kernels: 2)
    }
    func weights(_ game: EngineGame) throws -> String {
      try outcomes(ranks: 1, game: game) { rank in
        try rank.train(steps: 1)
        return rank.engine.state.weightsSHA256
      }[0].get()
    }
    #expect(try weights(game) != weights(EngineGame(discriminatorTurns: 2)))
  }

  @Test(
    "a turn that is left out takes its fakes back, from free slots and from used ones", arguments: [1, 3],
    [1, 6])
  func leftOut(ranks: Int, steps: Int) throws {
    var game = EngineGame()
    game.replaySize = 32
    let found = try outcomes(ranks: ranks, game: game) { rank in
      rank.engine.state.skipped = SkippedTurns(limit: 2, networks: 2)
      try rank.train(steps: steps)
      let replay = try #require(rank.engine.model.replay)
      func numbers() -> [Float] { replay.numbers(of: rank.engine.plan.local) }
      let before = numbers()
      let batches = rank.microBatches(step: steps).map { $0.index == 0 ? EngineRank.poisoned($0) : $0 }
      try rank.engine.take(rank.schedule.turns(at: steps)[0], on: batches, flags: [])
      let during = numbers()
      try rank.engine.synchronize()
      #expect(rank.engine.state.skipped?.total == 1)
      return (isChanged: during != before, isTakenBack: numbers() == before)
    }.map { try $0.get() }
    #expect(found.allSatisfy { $0.isChanged && $0.isTakenBack })
  }

  @Test("a rank holds its own micro-batches' slots alone, and gathers all of them")
  func shards() throws {
    let held = try outcomes(ranks: 3, game: Self.game) { rank in
      try rank.train(steps: 1)
      let replay = try #require(rank.engine.model.replay)
      let before = (0..<8).map { replay.numbers(of: $0..<$0 + 1).count }
      let exchange = RankExchange(rank.communication)
      try replay.gather(over: exchange)
      let whole = replay.contents.samples.scalars
      replay.keepOwn(of: exchange)
      let after = (0..<8).map { replay.numbers(of: $0..<$0 + 1).count }
      return (own: rank.engine.plan.local, before: before, whole: whole, after: after)
    }.map { try $0.get() }
    let slot = EngineRank.size * EngineRank.size + 1
    for rank in held {
      // One of two fakes is kept at each of five turns, in four slots.
      let own = (0..<8).map { rank.own.contains($0) ? 4 * slot : 0 }
      #expect(rank.before == own && rank.after == own && rank.whole == held[0].whole)
    }
    #expect(held[0].whole.contains { $0 != 0 })
  }

  @Test("slots fill up in order, then are overwritten at random, and what is shown was made before")
  func course() throws {
    let replay = ReplayBuffer(size: 6, microBatches: 2, share: 0.5, sampleShape: [1, 1, 2])
    let model = MLPGAN(
      MLPGAN.Configuration(
        dimensions: 2, latent: 3, hidden: 4, layers: 1,
        condition: ClassCondition(.projection, classes: 3, depth: 2)),
      replay: replay)
    _ = RunState(model: model, optimizers: model.networks.map { _ in Adam() }, seed: 9)
    var made: [[Float]] = []
    var labels: [Float] = []
    for turn in 0..<12 {
      let draw = MicroBatch.Draw(step: turn, round: turn, batch: turn, turn: turn, isShared: true)
      let images = Tensor(repeating: 0, shape: [4, 1, 1, 2])
      let microBatch = MicroBatch(index: 1, draw: draw, images: images, labels: [0, 1, 2, 0], seed: 2)
      _ = model.evaluate(model.phases[0], on: microBatch)
      let fakes = try #require(microBatch.takeLeft()).value.scalars
      made += [Array(fakes[0..<2]), Array(fakes[2..<4])]
      labels += microBatch.fakeClasses(of: 3).prefix(2).map { Float($0) }
      #expect(replay.filled == min(2 * (turn + 1), 3))
      let numbers = replay.numbers(of: 1..<2)
      for slot in 0..<replay.filled {
        let place = try #require(made.firstIndex(of: Array(numbers[2 * slot..<2 * slot + 2])))
        #expect(numbers[2 * replay.filled + slot] == labels[place])
      }
      if turn == 0 { #expect(Array(numbers.prefix(4)) == made.flatMap { $0 }) }
    }
    #expect(replay.numbers(of: 0..<1).isEmpty, "a micro-batch writes to its own slots alone")
    let numbers = replay.numbers(of: 1..<2)
    for slot in 0..<3 {
      #expect(!made.prefix(3).contains(Array(numbers[2 * slot..<2 * slot + 2])), "the oldest are forgotten")
    }
  }

  @Test("without past fakes a turn is what it would be without a buffer, with them it is not")
  func firstTurn() {
    var game = EngineGame()
    game.replaySize = 8
    let models = [EngineRank.makeState(game: game).model, EngineRank.makeState().model]
    let losses = (0..<2).map { step in
      models.map { $0.evaluate($0.phases[0], on: EngineRank.microBatch(0, step: step)).loss.value.scalar }
    }
    #expect(losses[0][0] == losses[0][1] && losses[1][0] != losses[1][1])
  }

  @Test("files and back give the same past fakes, dealt out on 3 ranks; numbers that do not fit are refused")
  func state() throws {
    let folder = TemporaryFolder()
    let rank = try EngineRank(SoloCommunicator(), overlap: true, game: Self.game)
    defer { rank.communication.finish() }
    try rank.train(steps: 1)
    let generation = try RunStateTests.generation(rank.engine.state, in: folder.path + "/checkpoints")
    let hashes = try outcomes(ranks: 3, game: Self.game) { other in
      let exchange = RankExchange(other.communication)
      if exchange.rank == 0 { try other.engine.state.restore(generation) }
      try other.engine.state.copyFromFirst(over: exchange)
      let held = try #require(other.engine.model.replay).numbers(of: 0..<8).count
      return (held: held, hash: try other.wholeStateSHA256())
    }.map { try $0.get() }
    let whole = try #require(rank.engine.model.replay).numbers(of: 0..<8).count
    #expect(hashes.allSatisfy { $0.hash == rank.stateSHA256 } && hashes.reduce(0) { $0 + $1.held } == whole)

    // The same state with a class that the model does not have.
    let replay = try #require(rank.engine.model.replay)
    let contents = replay.contents
    replay.restore(samples: contents.samples, classes: contents.classes.adding(3), filled: 4)
    let strange = try RunStateTests.generation(rank.engine.state, in: folder.path + "/strange")
    let fresh = EngineRank.makeState(game: Self.game)
    let before = fresh.stateSHA256(step: 0, arithmetic: "", data: "")
    let error = #expect(throws: CheckpointError.self) { try fresh.restore(strange) }
    #expect(error?.kind == .damaged && fresh.stateSHA256(step: 0, arithmetic: "", data: "") == before)
  }
}
