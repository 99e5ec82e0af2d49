import DataParallel
package import Models

extension ModelFamily {
  /// A model of this family as the options describe it, with uninitialised parameters.
  package func makeModel(_ options: Options) -> any Model {
    switch self {
    case .dcgan:
      DCGAN(
        DCGAN.Configuration(options), objective: AdversarialObjective(options), replay: ReplayBuffer(options))
    case .wganGP:
      WGANGP(
        DCGAN.Configuration(options), penaltyWeight: Float(options.model[WGANGPOptions.penaltyWeight]),
        augmentation: Augmentation(options))
    case .mlpGAN:
      MLPGAN(
        MLPGAN.Configuration(options), objective: AdversarialObjective(options),
        replay: ReplayBuffer(options))
    case .vae: VAE(VAE.Configuration(options))
    }
  }

  /// The least memory, in bytes, that a rank needs which computes `samples` samples of a step.
  /// - Parameter acrossNodes: whether gradients travel between nodes.
  package func bytesPerRank(_ options: Options, samples: Int, acrossNodes: Bool) -> Double {
    let microBatch = options.batch / options.microBatches
    let replay = options.replayBytes(samples: samples)
    let model =
      switch self {
      case .dcgan:
        DCGAN.Configuration(options).bytesPerRank(
          samples: samples, microBatch: microBatch,
          mebibytes: DCGAN.mebibytesPerPass(
            DCGAN.Configuration(options), AdversarialObjective(options), hasReplay: replay > 0,
            acrossNodes: acrossNodes))
      case .wganGP:
        DCGAN.Configuration(options).bytesPerRank(
          samples: samples, microBatch: microBatch, mebibytes: WGANGP.mebibytesPerPass)
      case .mlpGAN: MLPGAN.Configuration(options).bytesPerRank(samples: samples, microBatch: microBatch)
      case .vae: VAE.Configuration(options).bytesPerRank(samples: samples, microBatch: microBatch)
      }
    // An error for each weight, and what becomes the next one while a turn is under way.
    let errors = options.wire == .powersgd && acrossNodes ? 4 * 2 * weightCount(options) : 0
    return model + replay + errors
  }

  private func weightCount(_ options: Options) -> Double {
    switch self {
    case .dcgan, .wganGP: DCGAN.Configuration(options).weightCount
    case .mlpGAN: MLPGAN.Configuration(options).weightCount
    case .vae: VAE.Configuration(options).weightCount
    }
  }
}

extension Options {
  /// The convolutions of the model's networks.
  package var convolutions: [ConvolutionShape] {
    switch family {
    case .dcgan, .wganGP:
      let layers = DCGAN.Configuration(self).layers
      return layers.generator + layers.discriminator
    case .mlpGAN, .vae: return []
    }
  }
}

extension DCGAN.Configuration {
  fileprivate init(_ options: Options) {
    self.init(
      size: options.size, channels: options.channels, latent: options.model[DCGANOptions.latent],
      generatorFeatures: options.model[DCGANOptions.generatorFeatures],
      discriminatorFeatures: options.model[DCGANOptions.discriminatorFeatures],
      condition: options.family == .dcgan ? ClassCondition(options) : nil,
      comparison: options.family == .dcgan ? SampleComparison(options) : nil,
      packing: options.model.value(of: MinibatchOptions.packing) ?? 1)
  }
}

extension MLPGAN.Configuration {
  fileprivate init(_ options: Options) {
    self.init(
      dimensions: options.channels, latent: options.model[MLPGANOptions.latent],
      hidden: options.model[MLPGANOptions.hidden], layers: options.model[MLPGANOptions.layers],
      packing: options.model[MinibatchOptions.packing],
      scale: Float(options.model[MLPGANOptions.scale]), condition: ClassCondition(options))
  }
}

extension VAE.Configuration {
  fileprivate init(_ options: Options) {
    self.init(
      size: options.size, channels: options.channels, hidden: options.model[VAEOptions.hidden],
      latent: options.model[VAEOptions.latent])
  }
}

extension AdversarialObjective {
  fileprivate init(_ options: Options) {
    let keys = AdversarialOptions.self
    self.init()
    loss = options.model[keys.loss]
    labelSmoothing = Float(options.model[keys.labelSmoothing])
    clip = options.model[keys.clip] > 0 ? Float(options.model[keys.clip]) : nil
    usesSpectralNorm = options.model[keys.spectralNorm]
    r1Weight = Float(options.model[keys.r1Weight])
    r1Every = options.model[keys.r1Every]
    draganWeight = Float(options.model[keys.draganWeight])
    draganDeviation = Float(options.model[keys.draganDeviation])
    draganEvery = options.model[keys.draganEvery]
    augmentation = Augmentation(options)
    instanceNoise = Float(options.model[keys.instanceNoise])
    instanceNoiseEnd = options.model[keys.instanceNoiseEnd]
  }
}

extension Options {
  /// The model for people, such as `dcgan 32x32x1`.
  package var modelDescription: String {
    switch family {
    case .dcgan, .wganGP, .vae: "\(family.rawValue) \(size)x\(size)x\(channels)"
    case .mlpGAN: "\(family.rawValue) \(model[MLPGANOptions.layers])x\(model[MLPGANOptions.hidden])"
    }
  }
}
