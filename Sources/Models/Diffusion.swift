import Autograd
public import Networks
public import TensorCore

/// Denoising diffusion model of images (Ho et al. 2020), sampled deterministically (DDIM, Song et al. 2021).
///
/// Time t goes from 0, an image x, to 1, noise ε ~ N(0, 1): z = α x + σ ε on ``CosineSchedule``. One network,
/// a ``UNet`` called `denoiser`, and one phase: it predicts v = α ε - σ x (Salimans and Ho 2022, "Progressive
/// distillation for fast sampling of diffusion models", section 4). Unlike ε, v tells the image at t = 1 too,
/// where z has nothing of it: the sampler can begin there and take few steps.
///
/// With classes the network is told a sample's own, but for one in ten, which have none, so that it learns
/// both; samples are guided by the difference (Ho and Salimans 2022, "Classifier-free diffusion guidance").
///
/// It completes samples of which a part is known without having been trained to (``RePaint``).
public final class Diffusion: CompletingModel {
  /// What the model is built from.
  public struct Configuration: Hashable, Sendable {
    /// Height and width of an image: 8 · 2ⁿ.
    public let size: Int
    /// Channels of an image.
    public let channels: Int
    /// Channels of the network at the full size; each level of half the side has twice as many, down to 8
    /// pixels.
    public let features: Int
    /// Residual blocks of a level, each way.
    public let blocks: Int
    /// Classes that samples are asked for by; 0 for none.
    public let classes: Int
    /// Steps of the sampler, each a pass of the network.
    public let samplingSteps: Int
    /// How far samples of a class are taken from what samples without one would be: 1 is as they were learnt.
    public let guidance: Float
    /// How often each step but the last is made where samples are completed.
    public let resampling: Int

    /// - Precondition: `size` is 8 · 2ⁿ, and all counts but that of classes are positive.
    public init(
      size: Int, channels: Int, features: Int = 32, blocks: Int = 1, classes: Int = 0,
      samplingSteps: Int = 25,
      guidance: Float = 1, resampling: Int = 10
    ) {
      ConvolutionShape.check(side: size)
      precondition(
        min(channels, features, blocks, samplingSteps, resampling) > 0,
        "a network has layers, a sampler steps")
      self.size = size
      self.channels = channels
      self.features = features
      self.blocks = blocks
      self.classes = classes
      self.samplingSteps = samplingSteps
      self.guidance = guidance
      self.resampling = resampling
    }
  }

  /// What the model is built from.
  public let configuration: Configuration
  /// The denoiser with its average.
  public let networks: [Network]
  /// The one phase.
  public let phases: [Phase]
  /// Called between the steps of the sampler.
  public var noteProgress: () -> Void = {}
  private let denoiser: UNet
  private let average: UNet

  /// A model with uninitialised parameters.
  public init(_ configuration: Configuration) {
    self.configuration = configuration
    denoiser = UNet(configuration)
    average = UNet(configuration)
    networks = [Network(named: "denoiser", denoiser, average: average)]
    phases = [
      Phase(
        index: 0, name: "denoiser", network: 0, objective: "mean squared error of v = α ε - σ x",
        statistics: [
          Statistic("loss", label: "loss", plot: "loss"),
          Statistic("loss_low_noise", plot: "loss"),
          Statistic("loss_high_noise", plot: "loss"),
        ])
    ]
  }

  /// `[size, size, channels]`.
  public var sampleShape: Shape { [configuration.size, configuration.size, configuration.channels] }

  /// The numbers of an image: a latent is the noise that the sampler begins with.
  public var latentCount: Int { sampleShape.count }

  /// The classes of the configuration.
  public var classCount: Int { configuration.classes }

  /// Those of the configuration.
  public func samplesPerPass(acrossNodes: Bool) -> Int {
    configuration.samplesPerPass(acrossNodes: acrossNodes)
  }

  /// Forward pass, weight gradients, and input gradients of all but the first layer.
  public func flopsPerSample(of phase: Phase) -> Double {
    let convolutions = configuration.convolutions
    return 3 * (convolutions.sum(\.flops) + 2 * configuration.denseWeights) - convolutions.first.sum(\.flops)
  }

  /// E |v̂(z, t) - v|², a mean over pixels and samples: Ho et al.'s simple loss (eq. 14) with v for ε.
  ///
  /// A part's times are stratified, one in each of as many equal intervals as it has samples: the loss varies
  /// less from step to step, with the same mean (Kingma et al. 2021, "Variational diffusion models", appendix
  /// I.1). The two further statistics are twice what the samples below and above t = ½ add to it: where a
  /// part's samples are even in number, half of them each, the mean loss there.
  public func evaluate(_ phase: Phase, on microBatch: MicroBatch, isOpened: Bool) -> Evaluation {
    let tape = microBatch.tape(watching: networks[0].store)
    let (images, times) = (microBatch.images, microBatch.stratifiedTimes())
    let noise = microBatch.noise(for: .latents, length: latentCount).reshaped(images.shape)
    let (signal, deviation) = CosineSchedule.coefficients(at: times.reshaped([microBatch.count, 1, 1, 1]))
    let prediction = denoiser(
      tape.samples(images * signal + noise * deviation), times: times, labels: labels(of: microBatch))
    let errors = (prediction - tape.samples(noise * signal - images * deviation)).squared()
    let loss = errors.mean()
    let early = times.reshaped([microBatch.count, 1, 1, 1]).elementwise { $0.map { $0 < 0.5 ? 2 : 0 } }
    let halves = [early, Tensor(2) - early].map { share in
      microBatch.forEachPart(of: errors.value * share) { $0.mean().scalar }
    }
    return Evaluation(loss: loss, statistics: [microBatch.values(loss)] + halves)
  }

  /// The classes that the network is told: of one sample in ten none.
  private func labels(of microBatch: MicroBatch) -> [Int] {
    let none = configuration.classes
    guard none > 0 else { return [] }
    return zip(microBatch.labels, microBatch.noise(for: .classDropout, length: 1).scalars).map {
      $1 < 0.1 ? none : Int($0)
    }
  }

  /// Images that DDIM makes of noise with the averaged network, or with the trained one: of v̂ without a
  /// class plus guidance times what the class adds to it (Ho and Salimans, eq. 6, whose w is the guidance
  /// less 1).
  /// - Parameters:
  ///   - latents: standard normal, `[N, latentCount]`.
  ///   - classes: the class of each, if there are classes.
  public func sample(latents: Tensor, classes: [Int], isAveraged: Bool) -> Tensor {
    DDIM.samples(
      of: latents.reshaped(Shape([latents.shape[0]] + sampleShape.extents)),
      steps: configuration.samplingSteps
    ) { velocity(of: $0, at: $1, classes: classes, isAveraged: isAveraged) }
  }

  /// Images that ``RePaint`` makes of noise and of what is known, by the same predictions.
  public func complete(
    _ fragments: Fragments, latents: Tensor, classes: [Int], isAveraged: Bool
  ) -> Tensor {
    let known = fragments.known
    return RePaint.samples(
      completing: known, steps: configuration.samplingSteps, resampling: configuration.resampling,
      noise: { $0 == 0 ? latents.reshaped(known.shape) : fragments.noise(ofPass: $0) }
    ) { velocity(of: $0, at: $1, classes: classes, isAveraged: isAveraged) }
  }

  /// v̂ of noisy images at one time, guided if there are classes.
  private func velocity(of noisy: Tensor, at time: Float, classes: [Int], isAveraged: Bool) -> Tensor {
    noteProgress()
    let (network, count) = (isAveraged ? average : denoiser, noisy.shape[0])
    func velocity(_ labels: [Int]) -> Tensor {
      network(
        Tape(mode: .inference).constant(noisy), times: Tensor(repeating: time, shape: [count, 1]),
        labels: labels
      ).value
    }
    guard configuration.classes > 0, configuration.guidance != 1 else { return velocity(classes) }
    let without = velocity([Int](repeating: configuration.classes, count: count))
    return without + (velocity(classes) - without).multiplied(by: configuration.guidance)
  }

  /// The denoiser: noisy images, a time and, with classes, the class of each, or their number for none, to v.
  public func descriptions(averaged: Bool) -> [NetworkDescription] {
    [(averaged ? average : denoiser).description(configuration, named: networks[0].name)]
  }
}

extension MicroBatch {
  /// A time in (0, 1] for each sample, `[count, 1]`: of the n samples of a part the i-th has its own in
  /// (i / n, (i + 1) / n], whose end rounding may reach.
  package func stratifiedTimes() -> Tensor {
    let strata = count / parts
    return noise(for: .times, length: 1).withUnsafePointer { uniforms in
      Tensor([count, 1]) { times in
        for sample in 0..<count {
          times[sample] = (Float(sample % strata) + uniforms[sample]) / Float(strata)
        }
      }
    }
  }
}
