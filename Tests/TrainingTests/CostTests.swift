import Autograd
import Models
import TensorCore
import Testing

@Suite("What a model costs, as its configuration tells it before there is one")
struct CostTests {
  typealias Architecture = ConvolutionalGAN.Configuration.Architecture

  private static let forms: [ClassCondition.Form?] = [nil] + ClassCondition.Form.allCases

  /// Weights that are no biases and of no norm.
  private static func weights(of model: any Model) -> Double {
    Double(
      model.networks.flatMap(\.store.parameters).filter { $0.shape.rank > 1 }.reduce(0) {
        $0 + $1.shape.count
      })
  }

  @Test(
    "the weights of convolutional networks with many classes and with a comparison of samples are counted exactly",
    arguments: [(.dcgan, 2), (.dcgan, 3), (.residual, 2)] as [(Architecture, Int)], forms)
  func convolutional(kind: (architecture: Architecture, axes: Int), form: ClassCondition.Form?) {
    let comparisons = [
      nil, SampleComparison(group: 2, showsDeviation: true, kernels: 3, kernelSize: 5),
    ]
    for comparison in comparisons {
      let configuration = ConvolutionalGAN.Configuration(
        kind.architecture, size: 16, axes: kind.axes, channels: 3, latent: 5, generatorFeatures: 4,
        discriminatorFeatures: 6,
        condition: form.map { ClassCondition($0, classes: 1000, depth: 7) }, comparison: comparison)
      #expect(configuration.weightCount == Self.weights(of: ConvolutionalGAN(configuration)))
    }
  }

  @Test("the weights of convolutional networks are counted as by hand, a third axis multiplies the taps")
  func countedByHand() {
    // 8 pixels along each axis. Of the generator from 3 numbers to 2 channels and on to one; of the
    // discriminator from one channel to 2 and on to the score.
    func count(axes: Int) -> Double {
      ConvolutionalGAN.Configuration(
        size: 8, axes: axes, channels: 1, latent: 3, generatorFeatures: 2, discriminatorFeatures: 2
      ).weightCount
    }
    #expect(count(axes: 2) == Double(16 * (3 * 2 + 2 * 1 + 1 * 2 + 2 * 1)))
    #expect(count(axes: 3) == Double(64 * (3 * 2 + 2 * 1 + 1 * 2 + 2 * 1)))
  }

  @Test("what the widest networks cost is told without memory for them")
  func widest() {
    let images = ConvolutionalGAN.Configuration(
      .residual, size: 256, channels: 3, latent: 65_536, generatorFeatures: 4096, discriminatorFeatures: 4096)
    #expect(images.weightCount > 1e12)
    #expect(images.bytesPerRank(samples: 1, microBatch: 1) > 8 * 4 * images.weightCount)
    #expect(Diffusion.Configuration(size: 256, channels: 3, features: 4096, blocks: 16).weightCount > 1e12)
  }

  @Test("convolutions are called by their pixels, those in blocks by their place there too")
  func names() {
    #expect(
      Self.small().layers.generator.map(\.name) == ["generator 1-4", "generator 4-8"])
    #expect(
      Self.small(.residual).layers.discriminator.map(\.name) == [
        "discriminator 8 residual.0", "discriminator 8 residual.2", "discriminator 4 shortcut.1",
        "discriminator 4 residual.1", "discriminator 4 residual.3", "discriminator 1",
      ])
    #expect(
      Diffusion.Configuration(size: 8, channels: 1, features: 2, blocks: 2).convolutions.map(\.name) == [
        "denoiser 8 stem", "denoiser 8 down.0.0.first", "denoiser 8 down.0.0.second",
        "denoiser 8 down.0.1.first", "denoiser 8 down.0.1.second", "denoiser 8 head",
      ])
  }

  @Test("the weights of fully connected networks with many classes are counted exactly", arguments: forms)
  func connected(form: ClassCondition.Form?) {
    let configuration = MLPGAN.Configuration(
      dimensions: 2, latent: 3, hidden: 8, layers: 2,
      condition: form.map { ClassCondition($0, classes: 1000, depth: 7) })
    #expect(configuration.weightCount == Self.weights(of: MLPGAN(configuration)))
  }

  /// The operations of both phases of a game for each sample, a multiplication and an addition each.
  /// - Parameters:
  ///   - generator: the multiplications of each of its layers in a forward pass.
  ///   - discriminator: those of its layers, the ones that read samples first.
  ///   - first: how many of its layers read samples.
  private static func operations(
    generator: [Int], discriminator: [Int], first: Int = 1, packing: Int = 1
  ) -> [Double] {
    let (making, judging) = (generator.reduce(0, +), discriminator.reduce(0, +))
    let inner = judging - discriminator.prefix(first).reduce(0, +)
    // Forward, gradients of weights, gradients of what the inner layers are given.
    let term = judging + judging + inner
    return [
      2 * (Double(making) + 2 * Double(term) / Double(packing)),
      2 * (Double(2 * making - generator[0]) + 2 * Double(judging) / Double(packing)),
    ]
  }

  private static func flops(of model: any Model) -> [Double] {
    model.phases.map { model.flopsPerSample(of: $0) }
  }

  /// 8 x 8 pixels of one channel: two transposed convolutions of 4 x 4, and two convolutions.
  private static func small(
    _ architecture: ConvolutionalGAN.Configuration.Architecture = .dcgan, condition: ClassCondition? = nil,
    packing: Int = 1
  ) -> ConvolutionalGAN.Configuration {
    ConvolutionalGAN.Configuration(
      architecture, size: 8, channels: 1, latent: 3, generatorFeatures: 2, discriminatorFeatures: 2,
      condition: condition, packing: packing)
  }

  /// From 3 numbers to 4 x 4 places of 2 channels, from these to one channel; places · taps · channels.
  private static let making = [16 * 3 * 2, 16 * 16 * 2]
  private static let judging = [16 * 16 * 2, 16 * 2]

  @Test("deep networks are counted layer by layer, a pack once for all of its samples")
  func deep() {
    let plain = Self.operations(generator: Self.making, discriminator: Self.judging)
    #expect(Self.flops(of: ConvolutionalGAN(Self.small())) == plain)
    let packed = Self.operations(
      generator: Self.making, discriminator: [2 * Self.judging[0], Self.judging[1]], packing: 2)
    #expect(Self.flops(of: ConvolutionalGAN(Self.small(packing: 2))) == packed)
  }

  @Test("a comparison of samples is counted with the channels that it adds", arguments: [false, true])
  func comparison(isSpectral: Bool) {
    let configuration = ConvolutionalGAN.Configuration(
      size: 8, channels: 1, latent: 3, generatorFeatures: 2, discriminatorFeatures: 2,
      comparison: SampleComparison(group: 2, showsDeviation: true, kernels: 3, kernelSize: 5))
    var objective = AdversarialObjective()
    objective.usesSpectralNorm = isSpectral
    // 16 places of 2 channels, to 3 vectors of 5 numbers; 4 channels more for the last layer.
    #expect(
      Self.flops(of: ConvolutionalGAN(configuration, objective: objective))
        == Self.operations(
          generator: Self.making, discriminator: [16 * 16 * 2, 16 * 2 * 3 * 5, 16 * (2 + 4)]))
  }

  @Test("a third axis multiplies taps and places")
  func volumes() {
    let configuration = ConvolutionalGAN.Configuration(
      size: 8, axes: 3, channels: 1, latent: 3, generatorFeatures: 2, discriminatorFeatures: 2)
    #expect(
      Self.flops(of: ConvolutionalGAN(configuration))
        == Self.operations(
          generator: [64 * 3 * 2, 64 * 64 * 2], discriminator: [64 * 64 * 2, 64 * 2]))
  }

  @Test("residual networks are counted layer by layer, shortcuts where there are fewer pixels")
  func residual() {
    let expected = Self.operations(
      generator: [16 * 3 * 2, 64 * 9 * 4, 64 * 9 * 4, 16 * 4, 64 * 9 * 2],
      discriminator: [64 * 9 * 2, 16 * 2, 64 * 9 * 4, 16 * 9 * 4, 16 * 9 * 4, 2], first: 2)
    #expect(Self.flops(of: ConvolutionalGAN(Self.small(.residual))) == expected)
  }

  @Test("penalties are counted by how often they are due, in passes of the discriminator")
  func penalties() {
    let pass = Double(2 * Self.judging.reduce(0, +))
    let plain = Self.operations(generator: Self.making, discriminator: Self.judging)
    var objective = AdversarialObjective()
    (objective.r1Weight, objective.r1Every) = (1, 2)
    #expect(
      Self.flops(of: ConvolutionalGAN(Self.small(), objective: objective))
        == [plain[0] + 3 * pass / 2, plain[1]])
    (objective.draganWeight, objective.draganEvery) = (1, 3)
    #expect(
      Self.flops(of: ConvolutionalGAN(Self.small(), objective: objective))
        == [plain[0] + 3 * pass / 2 + 2 * pass, plain[1]])
    let points = MLPGAN.Configuration(dimensions: 2, latent: 3, hidden: 5, layers: 2)
    let without = Self.flops(of: MLPGAN(points))
    let with = Self.flops(of: MLPGAN(points, objective: objective))
    #expect(with == [without[0] + 3.5 * 2 * (2 * 5 + 5 * 5 + 5), without[1]])
  }

  @Test("a layer that tells classes is counted in both terms and in the generator's turn")
  func auxiliary() {
    let condition = ClassCondition(.auxiliary, classes: 10, depth: 4)
    // 4 numbers more for the generator, 10 further outputs beside the score.
    let expected = Self.operations(
      generator: [16 * 7 * 2, 16 * 16 * 2], discriminator: [16 * 16 * 2, 16 * 2 * 11])
    #expect(Self.flops(of: ConvolutionalGAN(Self.small(condition: condition))) == expected)
    let points = MLPGAN.Configuration(dimensions: 2, latent: 3, hidden: 5, layers: 1, condition: condition)
    #expect(
      Self.flops(of: MLPGAN(points))
        == Self.operations(generator: [7 * 5, 5 * 2], discriminator: [2 * 5, 5 * 11]))
  }

  @Test("a critic has a third pass for its penalty, and its generator makes fakes anew")
  func critic() {
    let (making, judging) = (Self.making.reduce(0, +), Self.judging.reduce(0, +))
    let inner = judging - Self.judging[0]
    // The slope goes down to the samples; its gradients are those of weights and of what it goes through.
    let penalty = judging + judging + 2 * judging + judging + inner
    #expect(
      Self.flops(of: WGANGP(Self.small())) == [
        Double(2 * (making + 2 * (2 * judging + inner) + penalty)),
        Double(2 * (2 * judging + 3 * making - Self.making[0])),
      ])
  }

  @Test("fully connected networks, autoencoder, denoiser and flow are counted layer by layer")
  func others() {
    let points = MLPGAN.Configuration(dimensions: 2, latent: 3, hidden: 5, layers: 2, packing: 2)
    #expect(
      Self.flops(of: MLPGAN(points))
        == Self.operations(generator: [3 * 5, 5 * 5, 5 * 2], discriminator: [4 * 5, 5 * 5, 5], packing: 2))
    let autoencoder = VAE(VAE.Configuration(size: 2, channels: 1, hidden: 3, latent: 2))
    let coding = [4 * 3, 3 * 2, 3 * 2, 2 * 3, 3 * 4]
    #expect(Self.flops(of: autoencoder) == [Double(2 * (3 * coding.reduce(0, +) - coding[0]))])
    // Stem, a block's two convolutions and head; the time's code of 2 · 2 waves, 8 numbers long, and what the
    // block takes of it.
    let denoiser = Diffusion(Diffusion.Configuration(size: 8, channels: 1, features: 2))
    let layers = [64 * 9 * 2, 64 * 9 * 4, 64 * 9 * 4, 64 * 9 * 2, 4 * 8, 8 * 8, 8 * 4]
    #expect(Self.flops(of: denoiser) == [Double(2 * (3 * layers.reduce(0, +) - layers[0]))])
    let configuration = Flow.Configuration(
      size: 1, channels: 2, hidden: 3, layers: 2, couplings: 4, domain: .vectors(unit: 1))
    let flow = Flow(configuration)
    #expect(Self.flops(of: flow) == [Double(2 * (3 * 4 * (1 * 3 + 3 * 3 + 3 * 2) - 3))])
    #expect(configuration.weightCount == Double(flow.networks[0].store.count))
  }
}
