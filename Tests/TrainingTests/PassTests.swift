import Autograd
import DataParallel
import Models
import Networks
import TensorCore
import Testing
import Training

@Suite("A pass over several micro-batches")
struct PassTests {
  /// A model and how it is told apart.
  enum Family: String, CaseIterable {
    case vae, packs, penalised, pairs, images, wide, augmented, critic, augmentedCritic, diffusion, flow,
      flowOfImages

    func make() -> any Model {
      let points = MLPGAN.Configuration(dimensions: 2, latent: 3, hidden: 20, layers: 2, packing: 2)
      let pictures = ConvolutionalGAN.Configuration(
        size: 8, channels: 2, latent: 3, generatorFeatures: 4, discriminatorFeatures: 4)
      switch self {
      case .images: return ConvolutionalGAN(pictures)
      case .pairs:
        return ConvolutionalGAN(
          ConvolutionalGAN.Configuration(
            size: 8, channels: 2, latent: 3, generatorFeatures: 4, discriminatorFeatures: 4, packing: 2))
      case .augmented:
        var objective = AdversarialObjective()
        objective.loss = .leastSquares
        objective.instanceNoise = 0.1
        objective.augmentation = Augmentation(
          .diffaugment, [.contrast, .translation, .cutout], probability: 1)
        return ConvolutionalGAN(pictures, objective: objective)
      case .wide:
        // Of channels enough for Winograd's algorithm.
        return ConvolutionalGAN(
          ConvolutionalGAN.Configuration(
            size: 16, channels: 1, latent: 3, generatorFeatures: 32, discriminatorFeatures: 32))
      case .critic: return WGANGP(pictures)
      case .augmentedCritic:
        return WGANGP(
          pictures, augmentation: Augmentation(.diffaugment, [.brightness, .cutout], probability: 1))
      case .vae: return VAE(VAE.Configuration(size: 4, channels: 1, hidden: 30, latent: 5))
      case .diffusion: return Diffusion(Diffusion.Configuration(size: 16, channels: 2, features: 4))
      case .flow:
        return Flow(
          Flow.Configuration(
            size: 1, channels: 3, hidden: 20, layers: 2, couplings: 3, domain: .vectors(unit: 2)))
      case .flowOfImages:
        return Flow(
          Flow.Configuration(size: 4, channels: 1, hidden: 30, layers: 1, couplings: 2, domain: .images))
      case .packs: return MLPGAN(points)
      case .penalised:
        var objective = AdversarialObjective()
        objective.loss = .hinge
        objective.r1Weight = 2
        objective.draganWeight = 0.5
        objective.instanceNoise = 0.1
        return MLPGAN(
          MLPGAN.Configuration(dimensions: 2, latent: 3, hidden: 20, layers: 2), objective: objective)
      }
    }
  }

  private static let samples = 6

  private static func microBatch(_ range: Range<Int>, of model: any Model) -> MicroBatch {
    let shape = model.sampleShape
    let images = KeyedNoise(seed: 3, purpose: .synthetic, turn: 0).normal(
      Shape([range.count * samples] + shape.extents), from: range.lowerBound * samples * shape.count
    ).tanh()
    return MicroBatch(
      index: range.lowerBound, parts: range.count, draw: MicroBatch.Draw(step: 0), images: images,
      labels: [], seed: 2)
  }

  /// The vectors of both turns of a step, or of the one there is.
  private static func vectors(of model: any Model, on range: Range<Int>) -> [[Float]] {
    let microBatch = microBatch(range, of: model)
    return model.phases.map { phase in
      let result = TurnResult(of: phase, in: model, on: microBatch)
      return result.vector
    }
  }

  @Test("gives the sum of passes over each, bit by bit", arguments: Family.allCases, [2, 8])
  func sameBits(family: Family, parts: Int) {
    let model = family.make()
    _ = RunState(model: model, optimizers: model.networks.map { _ in Adam() }, seed: 1)
    for store in model.networks.map(\.store) {
      // Zeros hide what stands before them.
      for (index, parameter) in store.parameters.enumerated() where parameter.initializer == .constant(0) {
        let noise = KeyedNoise(seed: 4, purpose: .synthetic, turn: index).normal(parameter.shape)
        store.set(parameter, to: noise.multiplied(by: 0.1))
      }
    }
    let first = parts * 3
    var slots = (first..<first + parts).map { Self.vectors(of: model, on: $0..<$0 + 1) }
    let leaves = (0..<parts).map { CanonicalTree.Node(level: 0, index: $0) }
    for addition in CanonicalTree.additions(of: leaves) {
      slots[addition.left] = zip(slots[addition.left], slots[addition.right]).map { zip($0, $1).map(+) }
    }
    let together = Self.vectors(of: model, on: first..<first + parts)
    let isSame = together.map { $0.map(\.bitPattern) } == slots[0].map { $0.map(\.bitPattern) }
    #expect(isSame)
    #expect(together.allSatisfy { $0.contains { $0 != 0 } })
  }

  @Test("has the same bits whether a phase's terms are computed together or one first", arguments: [1, 2, 4])
  func joinedTerms(parts: Int) {
    var noisy = AdversarialObjective()
    noisy.loss = .leastSquares
    noisy.instanceNoise = 0.1
    var smoothed = AdversarialObjective()
    smoothed.labelSmoothing = 0.1
    for (objective, packing) in [(noisy, 1), (smoothed, 2)] {
      let model = MLPGAN(
        MLPGAN.Configuration(dimensions: 2, latent: 3, hidden: 20, layers: 2, packing: packing, scale: 2),
        objective: objective)
      _ = RunState(model: model, optimizers: [Adam(), Adam()], seed: 1)
      let phase = model.phases[0]
      #expect(model.joinsTerms(of: phase) && !model.joinsTerms(of: model.phases[1]))
      func vector(isOpened: Bool) -> [UInt32] {
        let microBatch = Self.microBatch(0..<parts, of: model)
        let opening = isOpened ? TurnResult.Opening(of: phase, in: model, on: microBatch) : nil
        let result = TurnResult(of: phase, in: model, on: microBatch, opening: opening)
        return result.vector.map(\.bitPattern)
      }
      #expect(vector(isOpened: false) == vector(isOpened: true))
    }
    let penalised = Family.penalised.make()
    #expect(!penalised.joinsTerms(of: penalised.phases[0]))
  }

  @Test("is chosen for networks whose sums keep the parts apart")
  func chosen() {
    #expect(Family.allCases.allSatisfy { $0.make().samplesPerPass(acrossNodes: true) > 0 })
    var objective = AdversarialObjective()
    objective.usesSpectralNorm = true
    let points = MLPGAN.Configuration(dimensions: 2, latent: 3, hidden: 20, layers: 2)
    #expect(MLPGAN(points, objective: objective).samplesPerPass(acrossNodes: true) == 0)
    let pictures = ConvolutionalGAN.Configuration(size: 8, channels: 2)
    #expect(ConvolutionalGAN(pictures, objective: objective).samplesPerPass(acrossNodes: true) == 0)
    #expect(ConvolutionalGAN(pictures).samplesPerPass(acrossNodes: false) == 0)
    let wide = ConvolutionalGAN(ConvolutionalGAN.Configuration(size: 64, channels: 3))
    #expect((64..<128).contains(wide.samplesPerPass(acrossNodes: true)))
  }
}
