public import TensorCore

extension DCGAN {
  /// What a DCGAN is built from.
  public struct Configuration: Hashable, Sendable {
    /// Side of an image: 32 or 64 (4 · 2ⁿ).
    public let size: Int
    /// Channels of an image.
    public let channels: Int
    /// Length of a latent vector.
    public let latent: Int
    /// Channels of the generator's last hidden layer.
    public let generatorFeatures: Int
    /// Channels of the discriminator's first hidden layer.
    public let discriminatorFeatures: Int

    /// The published widths unless given.
    /// - Precondition: `size` is 4 · 2ⁿ with n ≥ 1.
    public init(
      size: Int, channels: Int, latent: Int = 100, generatorFeatures: Int = 64,
      discriminatorFeatures: Int = 64
    ) {
      precondition(size >= 8 && size & (size - 1) == 0, "a DCGAN's images are 8, 16, 32, 64 … pixels wide")
      self.size = size
      self.channels = channels
      self.latent = latent
      self.generatorFeatures = generatorFeatures
      self.discriminatorFeatures = discriminatorFeatures
    }

    /// `[H, W, C]`.
    public var sampleShape: Shape { [size, size, channels] }

    /// Stride-2 layers between 4 pixels and the full size.
    var doublings: Int { (size / 4).trailingZeroBitCount }
  }
}

extension DCGAN.Configuration {
  /// What one layer costs. In `Double`, because the keys allow sizes that overflow integers.
  struct LayerCost {
    /// Weights of its 4 x 4 kernel.
    let weights: Double
    /// Pixels of the smaller side, each of which meets all weights once.
    let pixels: Double
    /// Values of the larger side for one sample.
    let activations: Double

    /// Multiplications and additions of one sample's forward pass.
    var flops: Double { 2 * weights * pixels }
  }

  /// The layers of both networks in order of application.
  var layers: (generator: [LayerCost], discriminator: [LayerCost]) {
    /// From the 4 x 4 end outward.
    func doubled(_ first: Int, _ inner: Int, _ last: Int) -> [LayerCost] {
      var wide = Double(inner) * Double(1 << (doublings - 1))
      var layers = [LayerCost(weights: 16 * Double(first) * wide, pixels: 1, activations: 16 * wide)]
      for level in 0..<doublings {
        let pixels = Double(16 << (2 * level))
        let narrow = level == doublings - 1 ? Double(last) : wide / 2
        layers.append(
          LayerCost(weights: 16 * wide * narrow, pixels: pixels, activations: 4 * pixels * narrow))
        wide = narrow
      }
      return layers
    }
    return (
      doubled(latent, generatorFeatures, channels), doubled(1, discriminatorFeatures, channels).reversed()
    )
  }

  /// The least memory, in bytes, that a rank needs to train with `samples` of a step's samples in micro-batches of
  /// `microBatch`: weights, gradient, moments, average and partial sums; the fakes' tapes, which live from the
  /// discriminator's turn to the generator's; and the passes of one micro-batch.
  public func bytesPerRank(samples: Int, microBatch: Int) -> Double {
    let (generator, discriminator) = layers
    let weights = generator.sum(\.weights) + discriminator.sum(\.weights)
    let passes = 2 * generator.sum(\.activations) + 4 * discriminator.sum(\.activations)
    return 4
      * (8 * weights + 2 * Double(samples) * generator.sum(\.activations) + Double(microBatch) * passes)
  }
}

extension [DCGAN.Configuration.LayerCost] {
  /// The sum of a cost over the layers.
  func sum(_ cost: KeyPath<Element, Double>) -> Double { reduce(0) { $0 + $1[keyPath: cost] } }
}
