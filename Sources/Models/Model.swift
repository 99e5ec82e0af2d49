public import Networks
public import TensorCore

/// A model family as the trainer sees it: its networks, its phases, what each phase minimises and reports,
/// and how it samples. The engine that takes its turns does not know what a generator is; what steers a game
/// goes by ``Phase/role``, and leaves models without one alone.
public protocol Model: AnyObject {
  /// The trained networks, in the order of checkpoints and hashes.
  var networks: [Network] { get }
  /// What one step alternates between, in order.
  var phases: [Phase] { get }
  /// The shape of one sample, `[H, W, C]`; a vector is `[1, 1, C]`, a volume `[D, H, W, C]`.
  var sampleShape: Shape { get }
  /// The length of a latent vector.
  var latentCount: Int { get }
  /// The classes that a sample is asked for by; 0 if it is not.
  var classCount: Int { get }
  /// How contexts are cut from samples, in a model that completes them: its latents are contexts, flattened.
  /// Nil in a model whose latents are standard normal.
  var context: ContextRule? { get }
  /// Past fakes, a part of the run's state; nil if none are kept.
  var replay: ReplayBuffer? { get }
  /// Called between the passes of a sampler that takes many, as a sign of life.
  var noteProgress: () -> Void { get set }
  /// The samples up to which neighbouring micro-batches are computed in one pass. It changes how long a step
  /// takes, never a bit of it: everything that adds up samples has to do so by ``Tape/parts``.
  /// - Parameter acrossNodes: whether gradients travel between nodes. They leave while the last pass is
  ///   computed backward, so that a longer one hides more of their way.
  func samplesPerPass(acrossNodes: Bool) -> Int

  /// Floating-point operations of one turn of `phase` for each sample, by the least arithmetic:
  /// multiplications and additions of convolutions and matrix products, none that is thrown away.
  func flopsPerSample(of phase: Phase) -> Double

  /// The term of what `phase` minimises that reads no network but the trained one, with what it adds to each
  /// of the phase's statistics; nil if there is none. It can be computed while the other networks' updates
  /// are still on their way.
  func open(_ phase: Phase, on microBatch: MicroBatch) -> Evaluation?

  /// Whether ``evaluate(_:on:isOpened:)`` can compute that term together with the rest, in less time than one
  /// after the other and with the same bits, so that ``open(_:on:)`` pays only where there is something to
  /// wait for.
  func joinsTerms(of phase: Phase) -> Bool

  /// What `phase` minimises on a micro-batch.
  /// - Parameter isOpened: whether the term of ``open(_:on:)`` has been computed, which is then left out of
  ///   the loss and of the statistics.
  /// - Precondition: where there is such a term, it has been computed or ``joinsTerms(of:)``.
  func evaluate(_ phase: Phase, on microBatch: MicroBatch, isOpened: Bool) -> Evaluation

  /// Samples in inference mode.
  /// - Parameters:
  ///   - latents: `[N, latentCount]`.
  ///   - classes: the class of each, below ``classCount``; not read if that is 0.
  ///   - isAveraged: whether they come from the averaged network, where there is one, or from the one that is
  ///     trained.
  /// - Returns: `[N, H, W, C]`, or `[N, D, H, W, C]`, in [-1, 1].
  func sample(latents: Tensor, classes: [Int], isAveraged: Bool) -> Tensor

  /// The networks as other programs run them, the one that makes samples first.
  /// - Parameter averaged: whether a network is described by its average where it has one.
  func descriptions(averaged: Bool) -> [NetworkDescription]
}

extension Model {
  /// None.
  public func open(_ phase: Phase, on microBatch: MicroBatch) -> Evaluation? { nil }
  /// No: one after the other takes less memory.
  public func joinsTerms(of phase: Phase) -> Bool { false }
  /// 0: a model of what data have in common.
  public var classCount: Int { 0 }
  /// None: latents are noise.
  public var context: ContextRule? { nil }
  /// None.
  public var replay: ReplayBuffer? { nil }
  /// Nothing: a sample is one pass.
  public var noteProgress: () -> Void {
    get { {} }
    set {}
  }
  /// One micro-batch a pass.
  public func samplesPerPass(acrossNodes: Bool) -> Int { 0 }
}
