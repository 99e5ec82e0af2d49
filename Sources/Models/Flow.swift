import Autograd
public import Networks
public import TensorCore

/// A normalizing flow, RealNVP (Dinh, Sohl-Dickstein and Bengio 2017), of fully connected layers.
///
/// Affine couplings, each of which changes one half of a vector by what the other half says, take a sample to
/// a latent of as many numbers, and back exactly. One network and one phase: the negative log-likelihood, by
/// the change of variables. The couplings begin as the identity.
public final class Flow: Model {
  /// What the network is built from.
  public let configuration: Configuration
  /// The flow with its average.
  public let networks: [Network]
  /// The one phase.
  public let phases: [Phase]
  private let layers: Layers
  private let average: Layers
  private let order: [Int]

  /// A model with uninitialised parameters.
  public init(_ configuration: Configuration) {
    self.configuration = configuration
    layers = Layers(configuration)
    average = Layers(configuration)
    order = configuration.order
    networks = [Network(named: "flow", layers, average: average)]
    let statistic =
      configuration.domain == .images
      ? Statistic("bpd", label: "bits/dim", plot: "bits a dimension")
      : Statistic("nll", label: "NLL", plot: "nats")
    phases = [
      Phase(
        index: 0, name: "flow", network: 0,
        objective: "negative log-likelihood, "
          + (configuration.domain == .images ? "bits a dimension" : "nats a sample"),
        statistics: [statistic])
    ]
  }

  /// The couplings, from latents to samples.
  private struct Layers {
    let main: Sequential

    init(_ configuration: Configuration) { main = Sequential(configuration.chain) }

    /// The latents z of vectors y, and log |det dz/dy| summed over the vectors of each part.
    func encode(_ vectors: Variable) -> (latents: Variable, logDeterminant: Variable) {
      var (latents, logDeterminant) = (vectors, Variable?.none)
      for case let coupling as AffineCoupling in main.layers.reversed() {
        let (encoded, logScales) = coupling.encode(latents)
        latents = encoded
        logDeterminant = logDeterminant.map { $0 + logScales.sum() } ?? logScales.sum()
      }
      guard let logDeterminant else { preconditionFailure("a flow has couplings") }
      return (latents, logDeterminant)
    }
  }

  /// `[size, size, channels]`.
  public var sampleShape: Shape { [configuration.size, configuration.size, configuration.channels] }

  /// The numbers of a sample.
  public var latentCount: Int { configuration.dimensions }

  /// Those of the configuration.
  public func samplesPerPass(acrossNodes: Bool) -> Int { configuration.samplesPerPass }

  /// Forward pass, weight gradients, and input gradients of all but the first layer.
  public func flopsPerSample(of phase: Phase) -> Double {
    2 * (3 * configuration.products.all - configuration.products.first)
  }

  /// -log p(x) = ½ |z|² + ½ D log 2π - log |det dz/dy| - log |det dy/dx| of samples x, of which the domain
  /// makes vectors y of D numbers, and the couplings latents z of these (Dinh et al., eq. 3).
  public func evaluate(_ phase: Phase, on microBatch: MicroBatch, isOpened: Bool) -> Evaluation {
    let tape = microBatch.tape(watching: networks[0].store)
    let (domain, dimensions) = (configuration.domain, configuration.dimensions)
    let noise =
      domain == .images
      ? microBatch.noise(for: .dequantization, length: dimensions).reshaped(microBatch.images.shape) : nil
    let (values, logSlopes) = domain.encoded(microBatch.images, noise: noise)
    let (latents, logDeterminant) = layers.encode(tape.samples(vectors(of: values)))
    let sums = latents.squared().sum() * 0.5 - logDeterminant - tape.samples(logSlopes).sum()
    let nats =
      sums * (1 / Float(microBatch.count / microBatch.parts)) + Float(dimensions) * Self.halfLogOf2π
    let loss = domain == .images ? nats * (Self.log2OfE / Float(dimensions)) : nats
    return Evaluation(loss: loss, statistics: [microBatch.values(loss)])
  }

  private static let halfLogOf2π: Float = 0.918_938_533
  private static let log2OfE: Float = 1.442_695_04

  /// The latents of which ``sample(latents:classes:isAveraged:)`` makes these samples. What noise would be
  /// added to images is its mean.
  /// - Parameters:
  ///   - samples: `[N, size, size, channels]`.
  ///   - isAveraged: whether they are those of the averaged network or of the trained one.
  /// - Returns: `[N, latentCount]`.
  package func latents(of samples: Tensor, isAveraged: Bool) -> Tensor {
    let vectors = vectors(of: configuration.domain.encoded(samples, noise: nil).values)
    return (isAveraged ? average : layers).encode(Tape(mode: .inference).constant(vectors)).latents.value
  }

  /// The samples that have these latents, by the averaged network or by the trained one.
  public func sample(latents: Tensor, classes: [Int], isAveraged: Bool) -> Tensor {
    let vectors = (isAveraged ? average : layers).main(Tape(mode: .inference).constant(latents)).value
    var places = order
    for (place, source) in order.enumerated() { places[source] = place }
    return configuration.domain.decoded(vectors.columns(places))
      .reshaped(Shape([latents.shape[0]] + sampleShape.extents))
  }

  /// What couplings are given of values, `[N, size, size, channels]` to `[N, D]`.
  private func vectors(of values: Tensor) -> Tensor {
    values.reshaped([values.shape[0], configuration.dimensions]).columns(order)
  }

  /// Latents to vectors. Couplings are not described for other programs: an export refuses them.
  public func descriptions(averaged: Bool) -> [NetworkDescription] {
    [
      NetworkDescription(
        (averaged ? average : layers).main, networks[0].store(averaged: averaged),
        input: .init("latents", [latentCount]), chainExtents: [latentCount],
        output: .init("vectors", [latentCount]))
    ]
  }
}

extension Tensor {
  /// The numbers of each row in another order, `[N, D]`: place `i` of the result is place `order[i]`.
  fileprivate func columns(_ order: [Int]) -> Tensor {
    Tensor(shape) { result in
      withUnsafePointer { source in
        for row in 0..<shape.rows {
          let start = row * order.count
          for (place, column) in order.enumerated() { result[start + place] = source[start + column] }
        }
      }
    }
  }
}
