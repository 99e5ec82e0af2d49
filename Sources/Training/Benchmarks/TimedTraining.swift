package import DataParallel
package import MessagePassing
package import Models
import TensorCore

/// One rank's training on images in memory, to be timed: the arithmetic and the communication of a run,
/// nothing else.
package struct TimedTraining {
  package let engine: TurnEngine
  package let schedule: Schedule
  /// To be finished by the owner.
  package let communication: CommunicationThread
  /// Makes the micro-batches of a draw.
  package let microBatches: (MicroBatch.Draw) -> [MicroBatch]

  /// Makes the model of `options` with initial weights. All ranks call.
  /// - Throws: on the rank that tells of it `PlanError` or ``MemoryError``, on the others
  ///   ``CoordinationError``; `CommunicationError`.
  package init(
    _ options: Options, over communicator: any Communicator,
    training threadCommunicator: sending any Communicator
  ) throws {
    let plan = try communicator.together {
      try MicroBatchPlan(batch: options.batch, microBatches: options.microBatches, on: communicator)
    }
    let layout = try communicator.nodeLayout()
    let nodes = try options.wire.check(layout, over: threadCommunicator)
    let ranksOnNode = layout.localSize(of: communicator.rank)
    try communicator.together { try MemoryError.check(options, plan, ranksOnNode: ranksOnNode) }
    options.threads.apply(ranksOnNode: ranksOnNode)
    self.init(
      options, plan, CommunicationThread(threadCommunicator), acrossNodes: layout.names.count > 1)
    engine.state.powerSGD = options.powerSGD(for: engine.model, plan, nodes: nodes)
    try engine.state.share(over: RankExchange(communication))
  }

  /// Makes the model with initial weights, for the micro-batches of a plan. Gradients are not compressed.
  package init(
    _ options: Options, _ plan: MicroBatchPlan, _ communication: CommunicationThread, acrossNodes: Bool,
    bucketLength: Int = BucketPlan.defaultLength
  ) {
    let model = options.makeModel()
    engine = TurnEngine(
      state: RunState(model: model, options), plan: plan, options, communication: communication,
      acrossNodes: acrossNodes, bucketLength: bucketLength)
    schedule = options.schedule(of: model)
    self.communication = communication
    microBatches = Self.microBatches(of: engine, seed: options.seed)
  }

  /// What makes micro-batches of synthetic samples for a draw, as the engine computes them.
  private static func microBatches(of engine: TurnEngine, seed: UInt64) -> (MicroBatch.Draw) -> [MicroBatch] {
    let noise = KeyedNoise(seed: seed, purpose: .synthetic, turn: 0)
    let (model, size) = (engine.model, engine.plan.microBatchSize)
    let shape = model.context?.cutShape(making: model.sampleShape) ?? model.sampleShape
    let passes = engine.passes
    let images = passes.map { pass in
      noise.uniform(
        Shape([pass.count * size] + shape.extents), from: pass.lowerBound * size * shape.count
      ).multiplied(by: 2).adding(-1)
    }
    let classes = model.classCount
    let labels = passes.map { pass in
      classes == 0
        ? []
        : (pass.lowerBound * size..<pass.upperBound * size).map { Int32(truncatingIfNeeded: $0 % classes) }
    }
    return { draw in
      passes.indices.map {
        MicroBatch(
          index: passes[$0].lowerBound, parts: passes[$0].count, draw: draw, images: images[$0],
          labels: labels[$0], seed: seed)
      }
    }
  }

  /// Takes the turns of a step.
  package func take(_ step: Int, flags: StatusFlags = []) throws {
    var drawn: [MicroBatch] = []
    for turn in schedule.turns(at: step) {
      if drawn.first?.draw.round != turn.draw.round { drawn = microBatches(turn.draw) }
      try engine.take(turn, on: drawn, flags: flags)
    }
  }
}
