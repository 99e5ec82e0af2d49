import DataParallel
package import Datasets
package import Models
package import Networks
import TensorCore

extension Options {
  /// The update rule of a network.
  package func updateRule(of network: String) -> any Networks.Optimizer {
    let options = optimizer(of: network)
    switch options.kind {
    case .adam:
      return Adam(
        learningRate: options.learningRate, beta1: options.beta1, beta2: options.beta2,
        epsilon: options.epsilon, weightDecay: options.weightDecay)
    case .rmsprop:
      return RMSprop(
        learningRate: options.learningRate, alpha: options.alpha, epsilon: options.epsilon,
        weightDecay: options.weightDecay)
    case .sgd:
      return SGD(
        learningRate: options.learningRate, momentum: options.momentum, weightDecay: options.weightDecay)
    }
  }

  /// How a network's step size changes over the run.
  package func learningRates(for network: String) -> LearningRateSchedule {
    let options = optimizer(of: network)
    return LearningRateSchedule(
      warmup: options.warmup, decay: options.decay, decaySteps: options.decaySteps ?? 0)
  }

  /// What a step of `model` consists of.
  package func schedule(of model: any Model) -> Schedule {
    Schedule(
      model.phases.map {
        Schedule.Rule($0, repeats: optimizer(of: model.networks[$0.network].name).turns)
      })
  }
}

extension DatasetRequest {
  /// The data that the options name.
  package init(_ options: Options) {
    let source =
      switch options.data {
      case .pottery: "pottery"
      case .mixture(let kind): kind.rawValue
      case .path(let path): path
      }
    self.init(
      source: source, size: options.size, channels: options.channels, isVolume: options.modelsVolumes,
      isPaired: options.arePairs, count: options.dataset.count,
      labelCount: options.dataset.labels, resize: options.dataset.resize, stack: options.dataset.stack,
      seed: options.seed, limits: options.dataset.limits)
  }
}

extension Options {
  /// What samples are called, in the plural, as the data of such a model call them; text is told by the data
  /// alone.
  package var sampleName: String { modelsPoints ? "samples" : modelsVolumes ? "volumes" : "images" }

  /// Checks that the model can be trained on the data.
  /// - Parameter isNew: whether nothing has been trained yet: what has been goes on as it began.
  /// - Throws: `DatasetError`.
  func check(_ dataset: any ImageDataset, isNew: Bool) throws(DatasetError) {
    try checkLabels(of: dataset, areAllUsed: isNew)
    if isNew { try checkScale(of: dataset) }
  }
}

extension RunState {
  /// The state before the first step of a run with these options.
  convenience init(model: any Model, _ options: Options) {
    self.init(
      model: model, optimizers: model.networks.map { options.updateRule(of: $0.name) }, seed: options.seed)
    game = options.directsGame ? GameState() : nil
    game?.augment.probability = options.initialAugmentation
    skipped =
      options.watch.nonFinite == .skip
      ? SkippedTurns(limit: options.watch.skips, networks: model.networks.count) : nil
  }
}

extension TurnEngine {
  /// An engine that goes on from `state` as the options say.
  convenience init(
    state: RunState, plan: MicroBatchPlan, _ options: Options, communication: CommunicationThread,
    acrossNodes: Bool, bucketLength: Int = BucketPlan.defaultLength
  ) {
    self.init(
      state: state, plan: plan, averageDecay: Float(options.ema.decay),
      learningRates: state.model.networks.map { options.learningRates(for: $0.name) },
      communication: communication, overlap: options.overlap, acrossNodes: acrossNodes,
      transport: TurnSum.Transport(format: options.wire.format(acrossNodes: acrossNodes)),
      keepsBalance: options.balance.every > 0,
      bucketLength: bucketLength)
  }
}
