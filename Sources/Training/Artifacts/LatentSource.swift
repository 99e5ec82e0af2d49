package import Datasets
package import Models
package import TensorCore

/// Where the latents of samples come from: standard normal noise, with a person's fragments beside it if
/// there are any, or, for a model whose latents are contexts, contexts that are cut from the samples of a
/// data set, or a person's own. What a place gets depends on the key and the place alone, not on what is
/// drawn beside it.
package struct LatentSource: Sendable {
  /// Latents, and what is known of them.
  package struct Drawn: Sendable {
    /// `[n, latentCount]`.
    package let latents: Tensor
    /// What is to be made of contexts that were cut from samples, `[n, size…, C]`; nil of all other latents.
    package let originals: Tensor?
    /// What a model of noise is to complete; nil if that is nothing.
    package let fragments: Fragments?

    fileprivate init(_ latents: Tensor, originals: Tensor? = nil, fragments: Fragments? = nil) {
      (self.latents, self.originals, self.fragments) = (latents, originals, fragments)
    }
  }

  private enum Origin: Sendable {
    case noise(KeyedNoise, length: Int)
    case data(any ImageDataset, ContextRule, order: EpochPermutation, cuts: KeyedNoise)
    case contexts(Tensor)
  }

  private let origin: Origin
  /// What is completed in turn, beside noise, and the key of what that draws on its way.
  private var fragments: (contexts: Tensor, seed: UInt64)?
  /// How many latents there are; nil where there is no end of them.
  package var count: Int? { if case .contexts(let contexts) = origin { contexts.shape[0] } else { nil } }
  /// How many fragments there are, which are completed in turn; nil where latents are all that is drawn.
  package var fragmentCount: Int? { fragments?.contexts.shape[0] }

  /// Latents as `model` takes them.
  /// - Parameters:
  ///   - dataset: whose samples are cut, in an order that depends on the key and as often as needed; not read
  ///     of a model without a context.
  ///   - purpose: what samples are drawn for.
  ///   - turn: which use of that purpose, below 2^48.
  /// - Precondition: there are samples for a model with a context.
  package init(
    of model: any Model, cutting dataset: (any ImageDataset)? = nil, seed: UInt64,
    purpose: KeyedNoise.Purpose, turn: Int = 0
  ) {
    guard let rule = model.context else {
      let noise = KeyedNoise(seed: seed, purpose: purpose, turn: turn)
      origin = .noise(noise, length: model.latentCount)
      return
    }
    guard let dataset else { preconditionFailure("contexts are cut from samples") }
    // Training has the turns below.
    let turn = Int(purpose.rawValue) << 48 | turn
    origin = .data(
      dataset, rule, order: EpochPermutation(count: dataset.count, seed: seed, epoch: turn),
      cuts: KeyedNoise(seed: seed, purpose: .contexts, turn: turn))
  }

  /// A person's contexts, `[N, size…, C + 1]`.
  package init(contexts: Tensor) {
    origin = .contexts(contexts)
  }

  /// The noise of which `model` makes samples, and a person's contexts, `[N, size…, C + 1]`, which it is to
  /// complete in turn, as often as needed.
  package init(completing contexts: Tensor, by model: any CompletingModel, seed: UInt64) {
    self.init(of: model, seed: seed, purpose: .samples)
    fragments = (contexts, seed)
  }

  /// The latents of some places.
  /// - Precondition: they lie below ``count``.
  /// - Throws: `DatasetError` where a sample cannot be read.
  package func draw(_ places: Range<Int>) throws(DatasetError) -> Drawn {
    switch origin {
    case .noise(let noise, let length):
      return Drawn(
        noise.normal([places.count, length], from: places.lowerBound * length),
        fragments: fragments.map { contexts, seed in
          let turns = contexts.gatherRows(places.map { $0 % contexts.shape[0] })
          return Fragments(turns, at: Array(places), seed: seed)
        })
    case .data(let dataset, let rule, let order, let cuts):
      let samples = try dataset.images(at: places.map { order[$0 % dataset.count] })
      let numbers = ContextRule.noiseCount
      let contexts = rule(
        samples, noise: cuts.uniform([places.count, numbers], from: places.lowerBound * numbers))
      return Drawn(Self.flattened(contexts), originals: rule.originals(of: samples))
    case .contexts(let contexts):
      return Drawn(Self.flattened(contexts.rows(places)))
    }
  }

  private static func flattened(_ contexts: Tensor) -> Tensor {
    let count = contexts.shape[0]
    return contexts.reshaped([count, count == 0 ? 0 : contexts.count / count])
  }
}
