import Autograd
import DataParallel
import Foundation
import MessagePassing
import Models
import Networks
import Platform
import TensorCore
import Training

/// Testing has a type of that name too.
typealias ExitStatus = Platform.ExitStatus

/// One rank of a small training run: batch 16 in 8 micro-batches of 16 x 16 pixels.
struct EngineRank {
  static let size = 16
  static let batch = 16
  static let microBatches = 8

  let engine: TurnEngine
  let communication: CommunicationThread
  let schedule: Schedule
  private let isSkewed: Bool

  init(
    _ communicator: sending any Communicator, overlap: Bool, learningRate: Double = 1e-3,
    game: EngineGame = EngineGame(), acrossNodes: Bool = false,
    wire: WireFormat = .float32, compression: Compression? = nil,
    bucketLength: Int = BucketPlan.defaultLength
  ) throws {
    isSkewed = game.isSkewed
    let plan = try MicroBatchPlan(
      batch: Self.batch, microBatches: Self.microBatches, worldSize: communicator.size,
      rank: communicator.rank)
    communication = CommunicationThread(communicator)
    engine = TurnEngine(
      state: Self.makeState(learningRate: learningRate, game: game), plan: plan,
      averageDecay: 0.9, learningRates: game.learningRates,
      communication: communication, overlap: overlap, acrossNodes: acrossNodes,
      transport: TurnSum.Transport(partLength: 48, format: wire), keepsBalance: game.keepsBalance,
      bucketLength: bucketLength)
    if let compression {
      engine.state.powerSGD = PowerSGDState(
        model: engine.model, rank: compression.rank, seed: 5, plan: plan, ranksOfNodes: compression.nodes)
    }
    let turns = game.turns ?? [game.discriminatorTurns, game.generatorTurns]
    precondition(turns.count == engine.model.phases.count, "turns of every phase")
    schedule = Schedule(zip(engine.model.phases, turns).map { Schedule.Rule($0, repeats: $1) })
  }

  /// A DCGAN of 4 features with Adam and initial weights of seed 5.
  static func makeState(
    features: Int = 4, learningRate: Double = 1e-3, objective: AdversarialObjective = AdversarialObjective()
  ) -> RunState {
    var game = EngineGame()
    game.objective = objective
    return makeState(features: features, learningRate: learningRate, game: game)
  }

  /// The same for a game.
  static func makeState(features: Int = 4, learningRate: Double = 1e-3, game: EngineGame) -> RunState {
    let model = game.makeModel?() ?? makeDCGAN(features: features, game)
    let adam = Adam(learningRate: learningRate, beta1: 0.5, beta2: 0.999)
    return RunState(model: model, optimizers: model.networks.map { _ in adam }, seed: 5)
  }

  private static func makeDCGAN(features: Int, _ game: EngineGame) -> any Model {
    ConvolutionalGAN(
      ConvolutionalGAN.Configuration(
        size: size, channels: 1, latent: 6, generatorFeatures: features, discriminatorFeatures: features,
        condition: game.condition, comparison: game.comparison),
      objective: game.objective,
      replay: game.replaySize > 0
        ? ReplayBuffer(
          size: game.replaySize, microBatches: microBatches, share: 0.5, sampleShape: [size, size, 1]) : nil)
  }

  /// A micro-batch of keyed noise.
  static func microBatch(_ index: Int, step: Int) -> MicroBatch {
    microBatch(index, MicroBatch.Draw(step: step))
  }

  /// A micro-batch of keyed noise.
  static func microBatch(_ index: Int, _ draw: MicroBatch.Draw) -> MicroBatch {
    microBatches(index..<index + 1, draw)
  }

  /// Neighbouring micro-batches of keyed noise, to be computed in one pass.
  /// - Parameter isSkewed: whether the first are dark and of class 0 and the last bright and of class 2, so
  ///   that every rank has samples of another kind.
  static func microBatches(
    _ range: Range<Int>, _ draw: MicroBatch.Draw, of sample: Shape = [size, size, 1], isSkewed: Bool = false
  ) -> MicroBatch {
    let samples = batch / microBatches
    let shape = Shape([range.count * samples] + sample.extents)
    let first = range.lowerBound * samples
    var images = KeyedNoise(seed: 3, purpose: .synthetic, turn: draw.batch).uniform(
      shape, from: first * sample.count)
    var labels = (0..<shape[0]).map { Int32((first + $0 + draw.batch) % 3) }
    if isSkewed {
      images = images.multiplied(by: 2 / Float(microBatches)).adding(
        2 * Float(range.lowerBound) / Float(microBatches) - 1)
      labels = labels.map { _ in Int32(range.lowerBound * 3 / microBatches) }
    }
    return MicroBatch(
      index: range.lowerBound, parts: range.count, draw: draw, images: images, labels: labels, seed: 7)
  }

  /// A micro-batch with a value that is no number.
  static func poisoned(_ microBatch: MicroBatch) -> MicroBatch {
    let images = microBatch.images
    var scalars = images.scalars
    scalars[17] = .nan
    return MicroBatch(
      index: microBatch.index, draw: microBatch.draw, images: Tensor(scalars, shape: images.shape),
      labels: [],
      seed: 7)
  }

  /// This rank's micro-batches of a step.
  func microBatches(step: Int) -> [MicroBatch] {
    engine.plan.local.map { Self.microBatch($0, step: step) }
  }

  /// Trains, and waits for the last sums.
  func train(steps: Int) throws {
    for step in 0..<steps {
      var microBatches: [MicroBatch] = []
      for turn in schedule.turns(at: step) {
        if microBatches.first?.draw.round != turn.draw.round {
          microBatches = engine.passes.map {
            Self.microBatches($0, turn.draw, of: engine.model.sampleShape, isSkewed: isSkewed)
          }
        }
        try engine.take(turn, on: microBatches, flags: [])
      }
    }
    try engine.synchronize()
  }

  /// SHA-256 of everything that training changes.
  var stateSHA256: String { engine.state.stateSHA256(step: 0, arithmetic: "", data: "") }

  /// The same with what ranks hold shares of, which is gathered for it.
  func wholeStateSHA256() throws -> String {
    let exchange = RankExchange(communication)
    try engine.state.gatherShares(over: exchange)
    defer { engine.state.keepOwnShare(of: exchange) }
    return stateSHA256
  }
}

/// How gradients are compressed between nodes.
struct Compression: Sendable {
  let rank: Int
  /// The ranks of each node.
  let nodes: [[Int]]
}

/// What is trained, as a rule what two networks play for, and how often each has its turn.
struct EngineGame: Sendable {
  /// Another model than a DCGAN, of images of 16 x 16 pixels, and the turns of each of its phases.
  var makeModel: (@Sendable () -> any Model)?
  var turns: [Int]?
  var discriminatorTurns = 1
  var generatorTurns = 1
  var objective = AdversarialObjective()
  var learningRates: [LearningRateSchedule]?
  /// Of samples with the labels 0 to 2 in turn.
  var condition: ClassCondition?
  var comparison: SampleComparison?
  /// Whether what a balance is decided on is added up.
  var keepsBalance = false
  /// Past fakes that are kept.
  var replaySize = 0
  /// Whether every rank has samples of another kind.
  var isSkewed = false
}

/// What became of each rank of a world in which `body` runs on every rank.
func outcomes<T: Sendable>(
  ranks: Int, nodes: [[Int]] = [], overlap: Bool = true, learningRate: Double = 1e-3,
  game: EngineGame = EngineGame(), wire: WireFormat = .float32, compressionRank: Int? = nil,
  bucketLength: Int = BucketPlan.defaultLength,
  _ body: @escaping @Sendable (EngineRank) throws -> T
) -> [Result<T, any Error>] {
  ThreadCommunicator.results(size: ranks, nodes: nodes) { communicator in
    let rank = try EngineRank(
      communicator, overlap: overlap, learningRate: learningRate, game: game, acrossNodes: nodes.count > 1,
      wire: wire, compression: compressionRank.map { Compression(rank: $0, nodes: nodes) },
      bucketLength: bucketLength)
    defer { rank.communication.finish() }
    return try body(rank)
  }
}

extension Result where Failure == any Error {
  /// The error, if it is one.
  var error: (any Error)? {
    if case .failure(let error) = self { error } else { nil }
  }
}

extension Model {
  /// All of what a phase minimises, on one tape: the terms that a turn computes one after the other, added.
  func evaluate(_ phase: Phase, on microBatch: MicroBatch) -> Evaluation {
    guard !joinsTerms(of: phase), let opened = open(phase, on: microBatch) else {
      return evaluate(phase, on: microBatch, isOpened: false)
    }
    return opened + evaluate(phase, on: microBatch, isOpened: true)
  }
}

extension TurnResult {
  /// What the turn adds to the sum over all micro-batches.
  var vector: [Float] {
    let storage = TensorStorage(count: count)
    write(to: storage)
    return Tensor(viewOf: storage, offset: 0, shape: [count]).scalars
  }
}
