public import Autograd
public import TensorCore

/// A fixed range of samples of one draw: the same samples and the same noise on every world size. Either one
/// micro-batch, or several neighbours that are computed in one pass, with the bits of a pass for each.
public final class MicroBatch {
  /// Which samples and which noise of the run a turn uses. A phase that has several turns in a row draws anew
  /// for each; the first turn of the phase after it goes on with the last draw.
  public struct Draw: Hashable, Sendable {
    /// The step, from 0.
    public let step: Int
    /// What the noise is keyed by: counts the draws of the run, from 0.
    public let round: Int
    /// Counts the global batches of samples that the run has read before, from 0.
    public let batch: Int
    /// Counts the turns that a step's first phase, a game's discriminator, has had in the run before, from 0;
    /// the phases after it keep the number of its last.
    public let turn: Int
    /// Whether the next turn of the step goes on with this draw.
    public let isShared: Bool

    /// A draw.
    public init(step: Int, round: Int, batch: Int, turn: Int, isShared: Bool) {
      self.step = step
      self.round = round
      self.batch = batch
      self.turn = turn
      self.isShared = isShared
    }

    /// The only draw of a step: what phases with one turn each have.
    public init(step: Int) {
      self.init(step: step, round: step, batch: step, turn: step, isShared: true)
    }
  }

  /// The position among the draw's micro-batches: its leaf of the canonical tree, the first one if there are
  /// several.
  public let index: Int
  /// How many neighbours there are.
  public let parts: Int
  /// The most neighbours that are computed in one pass: each may have gradients of its own until they are
  /// added.
  public static let mostParts = 16

  /// Samples of a pass over several neighbours, where so many values are kept of each: at most what is enough
  /// for matrix products to be as fast as they get, and as long as all values fit into a limit; real samples
  /// and fakes may be seen together, each as many.
  static func samplesPerPass(activations: Double, mebibytes: Int = 32) -> Int {
    Int(min(1024, Double(mebibytes << 18) / activations))
  }

  /// Of a rank's `samples`, those of one pass that may compute `most`, or of a micro-batch if that is more.
  static func samplesTogether(of samples: Int, microBatch: Int, most: Int) -> Double {
    Double(min(samples, max(microBatch, most)))
  }

  /// Which samples and noise of the run these are.
  public let draw: Draw
  /// Real samples, `[n, H, W, C]` in [-1, 1] if they are images, `[n, H, 2 W, C]` if they are pairs of them.
  public let images: Tensor
  /// Their labels.
  public let labels: [Int32]
  /// Standard deviation of the noise on what a discriminator sees, beside the recipe's.
  public let addedNoise: Float
  /// The probability of each augmentation of a sample where a controller steers it; nil where the recipe
  /// fixes it.
  public let augmentation: Float?
  private let noise: (KeyedNoise.Purpose, Shape) -> Tensor
  private var tapes: [ObjectIdentifier: Tape] = [:]

  private var left: Variable?
  /// The contexts that were cut last: real samples and fakes are seen with the same.
  private var cut: (rule: ContextRule, contexts: Tensor)?

  /// Leaves what a later phase of the step goes on with, such as the fakes of the discriminator's turn,
  /// recorded on the tape of the network that made it. Nothing is kept where the next turn draws anew.
  package func leave(_ variable: Variable) { left = draw.isShared ? variable : nil }

  /// What an earlier phase of the step left, once; nil where it must be made anew.
  package func takeLeft() -> Variable? {
    defer { left = nil }
    return left
  }

  /// The samples of a draw from `index` on.
  public init(
    index: Int, parts: Int = 1, draw: Draw, images: Tensor, labels: [Int32], seed: UInt64,
    addedNoise: Float = 0,
    augmentation: Float? = nil
  ) {
    self.addedNoise = addedNoise
    self.augmentation = augmentation
    precondition(images.shape[0].isMultiple(of: parts), "micro-batches of one size")
    self.index = index
    self.parts = parts
    self.draw = draw
    self.images = images
    self.labels = labels
    noise = { purpose, shape in
      let keyed = KeyedNoise(seed: seed, purpose: purpose, turn: draw.round)
      let start = index * (shape.count / parts)
      return purpose.isUniform ? keyed.uniform(shape, from: start) : keyed.normal(shape, from: start)
    }
  }

  /// A micro-batch whose noise was recorded.
  package init(images: Tensor, recorded: [KeyedNoise.Purpose: Tensor]) {
    addedNoise = 0
    augmentation = nil
    index = 0
    parts = 1
    draw = Draw(step: 0)
    self.images = images
    labels = []
    noise = { purpose, shape in recorded[purpose]!.reshaped(shape) }
  }

  /// The number of samples.
  public var count: Int { images.shape[0] }

  /// Noise, `[count, length]`, keyed by seed, purpose and draw and indexed by the position in the global
  /// batch: uniform in (0, 1) or standard normal, as the purpose says.
  public func noise(for purpose: KeyedNoise.Purpose, length: Int) -> Tensor {
    noise(purpose, [count, length])
  }

  /// The classes that the draw's fakes are asked for by, each as likely, indexed by the position in the
  /// global batch; empty if there are none.
  public func fakeClasses(of count: Int) -> [Int] {
    guard count > 0 else { return [] }
    return noise(for: .classes, length: 1).scalars.map { min(Int($0 * Float(count)), count - 1) }
  }

  /// The samples' contexts, `[n, size…, C + 1]`, cut where the draw's noise says.
  func contexts(by rule: ContextRule) -> Tensor {
    if let cut, cut.rule == rule { return cut.contexts }
    let contexts = rule(images, noise: noise(for: .contexts, length: ContextRule.noiseCount))
    cut = (rule, contexts)
    return contexts
  }

  /// The draw's tape that watches `network`; made at the first call.
  public func tape(watching network: ParameterStore) -> Tape {
    let id = ObjectIdentifier(network)
    if let tape = tapes[id] { return tape }
    let tape = Tape(watching: [network], parts: parts)
    tapes[id] = tape
    return tape
  }

  /// The values of a sum over the samples of each part.
  func values(_ sums: Variable) -> [Float] {
    precondition(sums.value.count == parts, "one value a part")
    return sums.value.scalars
  }

  /// What `value` is of each part's rows of `samples`.
  func forEachPart(of samples: Tensor, _ value: (Tensor) -> Float) -> [Float] {
    (0..<parts).map { value(samples.part($0, of: parts)) }
  }

  /// Lets go of the tape and of everything recorded on it.
  public func releaseTape(watching network: ParameterStore) {
    tapes[ObjectIdentifier(network)] = nil
  }
}
