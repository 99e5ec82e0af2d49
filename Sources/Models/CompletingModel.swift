public import TensorCore

/// A model whose latents are noise, and which completes samples of which a part is known all the same.
public protocol CompletingModel: Model {
  /// Samples in inference mode that have what is known of them, bit for bit.
  /// - Parameters:
  ///   - fragments: what is known of N samples.
  ///   - latents: `[N, latentCount]`.
  ///   - classes: as in ``Model/sample(latents:classes:isAveraged:)``.
  ///   - isAveraged: as there.
  /// - Returns: `[N, H, W, C]` in [-1, 1].
  func complete(_ fragments: Fragments, latents: Tensor, classes: [Int], isAveraged: Bool) -> Tensor
}

/// What is known of samples that a ``CompletingModel`` completes, and the key of the noise that it draws on
/// its way. A completion is a function of its fragment, its latent, its class, and the seed and its place,
/// whatever is drawn beside it.
public struct Fragments: Sendable {
  /// Values, 0 where they are hidden, and behind them a mask, 1 where they are known and 0 where not:
  /// `[N, size…, C + 1]`.
  public let contexts: Tensor
  private let places: [Int]
  private let seed: UInt64

  /// Fragments that are completed at some places.
  /// - Parameters:
  ///   - contexts: `[N, size…, C + 1]`.
  ///   - places: the place of each among all that are drawn with the seed.
  ///   - seed: the key of the noise.
  public init(_ contexts: Tensor, at places: [Int], seed: UInt64) {
    precondition(contexts.shape[0] == places.count, "\(places.count) places of \(contexts.shape)")
    (self.contexts, self.places, self.seed) = (contexts, places, seed)
  }

  /// The known values, not a number where they are hidden: `[N, size…, C]`.
  var known: Tensor {
    let channels = contexts.shape.channels - 1
    let mask = contexts.channels(channels..<channels + 1)
    return contexts.channels(0..<channels) + mask.elementwise { $0.map { $0 == 1 ? 0 : .nan } }
  }

  /// Standard normal numbers of the shape of ``known`` for a pass.
  package func noise(ofPass pass: Int) -> Tensor {
    let noise = KeyedNoise(seed: seed, purpose: .completion, turn: pass)
    let shape = contexts.shape.replacingChannels(by: contexts.shape.channels - 1)
    let length = shape.count / max(places.count, 1)
    return Tensor.concatenated(places.map { noise.normal([1, length], from: $0 * length) }).reshaped(shape)
  }

  /// Some of them.
  func rows(_ range: Range<Int>) -> Fragments {
    Fragments(contexts.rows(range), at: Array(places[range]), seed: seed)
  }

  /// All of them so many times, each time at the same places.
  package func repeated(_ times: Int) -> Fragments {
    Fragments(
      Tensor.concatenated(Array(repeating: contexts, count: times)),
      at: Array(repeating: places, count: times).flatMap(\.self), seed: seed)
  }
}
