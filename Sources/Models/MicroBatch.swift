public import Autograd
public import TensorCore

/// A fixed range of samples of one step: the same samples and the same noise on every world size.
public final class MicroBatch {
  /// The position among the step's micro-batches: its leaf of the canonical tree.
  public let index: Int
  /// The step, from 0.
  public let step: Int
  /// Real samples, `[n, H, W, C]` in [-1, 1].
  public let images: Tensor
  /// Their labels.
  public let labels: [Int32]
  private let noise: (KeyedNoise.Purpose, Shape) -> Tensor
  private var tapes: [ObjectIdentifier: Tape] = [:]

  /// What an earlier phase of the step left for a later one: the fakes of the discriminator's turn, recorded on
  /// the generator's tape.
  public var carried: Variable?

  /// The samples at `index` of step `step`.
  public init(index: Int, step: Int, images: Tensor, labels: [Int32], seed: UInt64) {
    self.index = index
    self.step = step
    self.images = images
    self.labels = labels
    noise = { purpose, shape in
      let keyed = KeyedNoise(seed: seed, purpose: purpose, turn: step)
      let start = index * shape.count
      return purpose == .interpolation ? keyed.uniform(shape, from: start) : keyed.normal(shape, from: start)
    }
  }

  /// A micro-batch whose noise was recorded.
  package init(images: Tensor, recorded: [KeyedNoise.Purpose: Tensor]) {
    index = 0
    step = 0
    self.images = images
    labels = []
    noise = { purpose, shape in recorded[purpose]!.reshaped(shape) }
  }

  /// The number of samples.
  public var count: Int { images.shape[0] }

  /// Noise, `[count, length]`, keyed by seed, purpose and step and indexed by the position in the global batch:
  /// uniform in (0, 1) for interpolation, standard normal otherwise.
  public func noise(for purpose: KeyedNoise.Purpose, length: Int) -> Tensor {
    noise(purpose, [count, length])
  }

  /// The step's tape that watches `network`; made at the first call.
  public func tape(watching network: ParameterStore) -> Tape {
    let id = ObjectIdentifier(network)
    if let tape = tapes[id] { return tape }
    let tape = Tape(watching: [network])
    tapes[id] = tape
    return tape
  }

  /// Lets go of the tape and of everything recorded on it.
  public func releaseTape(watching network: ParameterStore) {
    tapes[ObjectIdentifier(network)] = nil
  }
}
