public import Autograd
public import Networks
public import TensorCore

/// A model family as the trainer sees it: its networks, its phases, what each phase minimises and reports,
/// and how it samples. The engine that takes its turns does not know what a generator is; what steers a game
/// goes by the names of the phases, `discriminator` and `generator`, and leaves models without them alone.
public protocol Model: AnyObject {
  /// The trained networks, in the order of checkpoints and hashes.
  var networks: [Network] { get }
  /// What one step alternates between, in order.
  var phases: [Phase] { get }
  /// The shape of one sample, `[H, W, C]`; a vector is `[1, 1, C]`.
  var sampleShape: Shape { get }
  /// The length of a latent vector.
  var latentCount: Int { get }
  /// The classes that a sample is asked for by; 0 if it is not.
  var classCount: Int { get }
  /// Past fakes, a part of the run's state; nil if none are kept.
  var replay: ReplayBuffer? { get }
  /// The samples up to which neighbouring micro-batches are computed in one pass. It changes how long a step
  /// takes, never a bit of it: everything that adds up samples has to do so by ``Tape/parts``.
  /// - Parameter acrossNodes: whether gradients travel between nodes. They leave while the last pass is
  ///   computed backward, so that a longer one hides more of their way.
  func samplesPerPass(acrossNodes: Bool) -> Int

  /// Floating-point operations of one turn of `phase` for each sample, by the least arithmetic:
  /// multiplications and additions of convolutions and matrix products, none that is thrown away.
  func flopsPerSample(of phase: Phase) -> Double

  /// The term of what `phase` minimises that reads no network but the trained one; nil if there is none. It
  /// can be computed while the other networks' updates are still on their way. Once it is,
  /// ``evaluate(_:on:)`` of the same micro-batch leaves it out of the loss, not of the statistics.
  func open(_ phase: Phase, on microBatch: MicroBatch) -> Variable?

  /// Whether ``evaluate(_:on:)`` computes that term together with the rest, in less time than one after the
  /// other and with the same bits, so that ``open(_:on:)`` pays only where there is something to wait for.
  func joinsTerms(of phase: Phase) -> Bool

  /// What `phase` minimises on a micro-batch.
  func evaluate(_ phase: Phase, on microBatch: MicroBatch) -> Evaluation

  /// Samples in inference mode.
  /// - Parameters:
  ///   - latents: `[N, latentCount]`.
  ///   - classes: the class of each, below ``classCount``; not read if that is 0.
  ///   - isAveraged: whether they come from the averaged network, where there is one, or from the one that is
  ///     trained.
  /// - Returns: `[N, H, W, C]` in [-1, 1].
  func sample(latents: Tensor, classes: [Int], isAveraged: Bool) -> Tensor

  /// The networks as other programs run them, in the order of ``networks``.
  /// - Parameter averaged: whether a network is described by its average where it has one.
  func descriptions(averaged: Bool) -> [NetworkDescription]
}

extension Model {
  /// None.
  public func open(_ phase: Phase, on microBatch: MicroBatch) -> Variable? { nil }
  /// No: one after the other takes less memory.
  public func joinsTerms(of phase: Phase) -> Bool { false }
  /// 0: a model of what data have in common.
  public var classCount: Int { 0 }
  /// None.
  public var replay: ReplayBuffer? { nil }
  /// One micro-batch a pass.
  public func samplesPerPass(acrossNodes: Bool) -> Int { 0 }
}

/// A trained network.
public struct Network {
  /// The parameters and buffers.
  public let store: ParameterStore
  /// A network of the same architecture that holds the exponential moving average, if one is kept.
  public let average: ParameterStore?
  /// What no parameter's magnitude exceeds: each is cut off there after every update. Nil for no bound.
  public let weightLimit: Float?
  /// What follows from the parameters and is kept in buffers: brought up to date at the start and after every
  /// update.
  public let afterUpdate: (() -> Void)?

  /// A network, with or without an average.
  public init(
    _ store: ParameterStore, average: ParameterStore? = nil, weightLimit: Float? = nil,
    afterUpdate: (() -> Void)? = nil
  ) {
    self.store = store
    self.average = average
    self.weightLimit = weightLimit
    self.afterUpdate = afterUpdate
  }

  /// What the network is called in recipes and checkpoints.
  public var name: String { store.name }
}

/// A sub-step that trains one network.
public struct Phase: Hashable, Sendable {
  /// The position in ``Model/phases``.
  public let index: Int
  /// What the phase is called in logs: the name of the network it trains, as a rule.
  public let name: String
  /// The trained network's position in ``Model/networks``.
  public let network: Int
  /// What the phase minimises, for people.
  public let objective: String
  /// Whether it reads samples of the data, so that each of its turns gets fresh ones.
  public let readsSamples: Bool
  /// What the phase reports, means over the global batch.
  public let statistics: [Statistic]

  /// A phase.
  public init(
    index: Int, name: String, network: Int, objective: String = "", readsSamples: Bool = true,
    statistics: [Statistic]
  ) {
    self.index = index
    self.name = name
    self.network = network
    self.objective = objective
    self.readsSamples = readsSamples
    self.statistics = statistics
  }
}

/// A number that a phase reports.
public struct Statistic: Hashable, Sendable {
  /// What it is called in `log.jsonl` and TensorBoard: `d_x`.
  public let key: String
  /// What the progress line calls it, `D(x)`; nil keeps it off the line.
  public let label: String?
  /// Which plot it is drawn in; nil draws it in none.
  public let plot: String?
  /// Whether it is 0 in turns that do not compute it: the last value that was computed stands for it then,
  /// and nothing before the first.
  public let isLazy: Bool

  /// A statistic.
  public init(_ key: String, label: String? = nil, plot: String? = nil, isLazy: Bool = false) {
    self.isLazy = isLazy
    self.key = key
    self.label = label
    self.plot = plot
  }
}

/// What a phase computed on a micro-batch.
public struct Evaluation {
  /// The scalar to minimise, a mean over each part's samples, recorded on the trained network's tape.
  public let loss: Variable
  /// The values of each of the phase's statistics: for each part the mean over its samples.
  public let statistics: [[Float]]

  /// A loss and what to report about it.
  public init(loss: Variable, statistics: [[Float]]) {
    self.loss = loss
    self.statistics = statistics
  }
}
