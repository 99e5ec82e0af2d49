public import DataParallel
public import Datasets
public import Networks

/// Everything a run is a function of, resolved and checked: a recipe, or a file, with the command line's
/// `key=value` laid over it.
///
/// An `Options` is made by resolving words and recipes, as ``resolve(recipe:overrides:)``, ``applying(_:)``
/// and ``read(path:)`` do, so every value lies in the range that ``OptionSchema`` declares for its key and
/// the keys agree with one another. What they stand for, with units and defaults, is the table in
/// `OptionSchema.common`.
public struct Options: Sendable, Equatable {
  /// The recipe's name, as `lockstep recipes` lists it or as its file is called.
  public internal(set) var recipe = ""
  /// One line that says what the recipe trains.
  public internal(set) var title = ""
  /// What the recipe shows and about how long it takes.
  public internal(set) var about = ""

  /// The family of models that is trained.
  public internal(set) var family = ModelFamily.dcgan
  /// The keys that the family declares, under `model.`.
  public internal(set) var model = ModelOptions()

  /// Where samples come from.
  public internal(set) var data = DataSource.pottery
  /// What is asked of the data set.
  public internal(set) var dataset = Dataset()
  /// Height and width of a sample, in pixels.
  public internal(set) var size = 0
  /// Channels of a sample.
  public internal(set) var channels = 0

  /// The key of every random number of the run.
  public internal(set) var seed: UInt64 = 0
  /// When the run is done.
  public internal(set) var length = RunLength.steps(0)
  /// Samples per step over all ranks, divisible by ``microBatches``.
  public internal(set) var batch = 0
  /// Leaves of the summation tree of a step, a power of two, the same on every world size.
  public package(set) var microBatches = 0
  /// Threads that compute in each rank.
  public internal(set) var threads = ThreadCount.automatic
  /// Whether communication runs behind computation. The weights are the same either way.
  public package(set) var overlap = true
  /// How gradients travel between nodes.
  public package(set) var wire = GradientWire.float32
  /// How gradients are compressed, where they are.
  public internal(set) var powerSGD = PowerSGD()
  /// Seconds without progress after which a rank is taken for lost.
  public internal(set) var stallTimeout = 0.0

  /// What the networks begin with instead of random numbers.
  public internal(set) var initial = Initial()
  /// One optimizer for each network of the family, in the family's order.
  public internal(set) var optimizers: [Optimizer] = []
  /// The moving average of the weights of every network that keeps one.
  public internal(set) var ema = MovingAverage()

  /// When state is saved.
  public internal(set) var checkpoint = Checkpoint()
  /// When sample grids are drawn.
  public internal(set) var samples = Samples()
  /// When a line is logged.
  public internal(set) var log = Log()
  /// When the ranks' replicas are compared.
  public internal(set) var replicas = Replicas()
  /// How the players' turns are balanced.
  public internal(set) var balance = Balance()
  /// How the game is watched, and what is done about it.
  public internal(set) var watch = Watch()
  /// When and how the quality of samples is measured.
  public internal(set) var quality = Quality()
  /// When a run ends because it gets no better.
  public internal(set) var stop = Stop()

  init() {}
}

extension Options {
  /// What is asked of the data set, under `dataset.`.
  public struct Dataset: Sendable, Equatable {
    /// Samples in one epoch of the procedural data set; `nil` where the data come from a folder.
    public internal(set) var count: Int?
    /// Classes that the data set must have; `nil` takes what the data say.
    public internal(set) var labels: Int?
    /// How images are brought to the size.
    public internal(set) var resize = ResizeMode.none
    /// Grey images that make up a sample, one a channel.
    public internal(set) var stack = 1
    /// What a file may ask for; `dataset.maxPixels` and `dataset.maxBytes`.
    public internal(set) var limits = DatasetLimits()
  }

  /// How gradients are compressed with `wire=powersgd`, under `powersgd.`.
  public struct PowerSGD: Sendable, Equatable {
    /// The rank of the products that matrices are compressed to.
    public internal(set) var rank = 4
  }

  /// Weights of other programs that networks begin with, under `init.`. A run that is resumed has its own.
  public struct Initial: Sendable, Equatable {
    /// The safetensors file of a network, under `init.NETWORK`; looked up by the network's name, never
    /// iterated.
    public internal(set) var files: [String: String] = [:]
    /// Whether tensors that do not fit are left out; `nil` unless given.
    public internal(set) var partial: Bool?
    /// The run or the checkpoint with whose whole state a run begins.
    public internal(set) var run: String?
  }

  /// The update rule of one network, under `optimizer.NETWORK.`.
  public struct Optimizer: Sendable, Equatable {
    /// The network's name in the family, in checkpoints and in keys.
    public let network: String
    /// Which rule it is.
    public internal(set) var kind = OptimizerKind.adam
    /// The step size.
    public internal(set) var learningRate = 0.0
    /// The decay of the first moment.
    public internal(set) var beta1 = 0.0
    /// The decay of the second moment.
    public internal(set) var beta2 = 0.0
    /// What is added to the root of the second moment or of the mean square.
    public internal(set) var epsilon = 0.0
    /// RMSprop's decay of the mean square.
    public internal(set) var alpha = 0.0
    /// The weight of the last direction in gradient descent.
    public internal(set) var momentum = 0.0
    /// How strongly weights are drawn to zero: decoupled from the gradient with Adam, in it with the others.
    public internal(set) var weightDecay = 0.0
    /// Steps in which the step size rises to its full length.
    public internal(set) var warmup = 0
    /// How the step size falls afterwards.
    public internal(set) var decay = LearningRateSchedule.Decay.none
    /// The step at which it has fallen to zero; `nil` if it does not fall.
    public internal(set) var decaySteps: Int?
    /// Updates in a row at each step, under `NETWORKSteps`.
    public internal(set) var turns = 1

    init(network: String) {
      self.network = network
    }
  }

  /// The moving average of the weights of every network that keeps one, under `ema.`.
  public struct MovingAverage: Sendable, Equatable {
    /// The share of the average that a step keeps; 0 makes it equal to the weights.
    public internal(set) var decay = 0.0
  }

  /// When state is saved, under `checkpoint.`.
  public struct Checkpoint: Sendable, Equatable {
    /// Steps between two generations; 0 saves at the end alone.
    public internal(set) var every = 0
    /// Generations that are kept.
    public internal(set) var keepLast = 0
    /// Whether the best generation by ``Options/Quality/metric`` is kept beside them.
    public internal(set) var keepBest = false
  }

  /// When sample grids are drawn, under `samples.`.
  public struct Samples: Sendable, Equatable {
    /// Steps between two grids; 0 draws at the end alone.
    public internal(set) var every = 0
    /// Images in a grid.
    public internal(set) var count = 0
  }

  /// When a line is logged, under `log.`.
  public struct Log: Sendable, Equatable {
    /// Steps between two lines.
    public internal(set) var every = 0
  }

  /// When the ranks' replicas are compared, under `replicas.`.
  public struct Replicas: Sendable, Equatable {
    /// Steps between two comparisons, beside those of each checkpoint; 0 for none.
    public internal(set) var every = 0
  }

  /// The optimizer of `network`.
  ///
  /// - Precondition: `network` is one of the family's networks.
  public func optimizer(of network: String) -> Optimizer {
    guard let optimizer = optimizers.first(where: { $0.network == network }) else {
      fatalError("the family \(family.rawValue) declares no network called \(network)")
    }
    return optimizer
  }
}
