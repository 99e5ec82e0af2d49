extension Flow {
  /// What the network is built from.
  public struct Configuration: Hashable, Sendable {
    /// Height and width of a sample.
    public let size: Int
    /// Channels of a sample.
    public let channels: Int
    /// Width of the hidden layers.
    public let hidden: Int
    /// Hidden layers of each coupling.
    public let layers: Int
    /// Couplings.
    public let couplings: Int
    /// What samples are.
    public let domain: FlowDomain

    /// - Precondition: all are positive, and a sample has two halves.
    public init(
      size: Int, channels: Int, hidden: Int, layers: Int, couplings: Int, domain: FlowDomain
    ) {
      precondition(
        min(size, channels, hidden, min(layers, couplings)) > 0, "a network has layers and a layer has units")
      precondition(size > 1 || channels > 1, "a coupling changes one half of a sample by the other")
      if case .vectors(let unit) = domain { precondition(unit > 0, "a unit is positive") }
      self.size = size
      self.channels = channels
      self.hidden = hidden
      self.layers = layers
      self.couplings = couplings
      self.domain = domain
    }
  }
}

extension Flow.Configuration {
  /// Numbers of a sample.
  var dimensions: Int { size * size * channels }

  /// Where a vector of the couplings has its numbers from: those of one colour of a checkerboard, then those
  /// of the other (Dinh et al., figure 3).
  var order: [Int] {
    let isOdd = (0..<dimensions).map { place in
      let pixel = place / channels
      return !(pixel / size + pixel % size + place % channels).isMultiple(of: 2)
    }
    return isOdd.indices.filter { !isOdd[$0] } + isOdd.indices.filter { isOdd[$0] }
  }

  /// The couplings from latents to samples.
  var chain: [AffineCoupling] {
    (0..<couplings).map {
      AffineCoupling(dimensions, changesSecondHalf: $0.isMultiple(of: 2), hidden: hidden, depth: layers)
    }
  }

  /// The weights of a coupling's layers, in order, a mean over both halves. In `Double`, because the keys
  /// allow sizes that overflow integers.
  private var weights: [Double] {
    let hidden = Double(hidden)
    return [half * hidden] + Array(repeating: hidden * hidden, count: layers - 1) + [hidden * 2 * half]
  }

  private var half: Double { Double(size) * Double(size) * Double(channels) / 2 }

  /// The weights of all layers with the biases, which are many where samples are points.
  public var weightCount: Double {
    Double(couplings) * (weights.reduce(0, +) + Double(layers) * Double(hidden) + 3 * half)
  }

  /// Multiplications of a pass over a sample; of all layers and of the first.
  var products: (all: Double, first: Double) { (Double(couplings) * weights.reduce(0, +), weights[0]) }

  /// The least memory, in bytes, that a rank needs to train with `samples` of a step's samples in
  /// micro-batches of `microBatch`; as
  /// ``ConvolutionalGAN/Configuration/bytesPerRank(samples:microBatch:mebibytes:keepsFakes:)``.
  public func bytesPerRank(samples: Int, microBatch: Int) -> Double {
    let together = MicroBatch.samplesTogether(of: samples, microBatch: microBatch, most: samplesPerPass)
    return 4 * (8 * weightCount + Double(samples) * 2 * half + together * activations)
  }

  /// Values that are kept of a sample: of each coupling its hidden layers, each with its rectifier, and of
  /// the half that changes log-scales, shifts and what becomes of them.
  private var activations: Double {
    Double(couplings) * (Double(layers) * Double(hidden) + 12 * half)
  }

  /// See ``MicroBatch/samplesPerPass(activations:mebibytes:)``.
  var samplesPerPass: Int { MicroBatch.samplesPerPass(activations: activations) }
}
