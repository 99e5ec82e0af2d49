package import Models

extension ModelFamily {
  /// A model of this family as the options describe it, with uninitialised parameters.
  package func makeModel(_ options: Options) -> any Model {
    switch self {
    case .dcgan: DCGAN(DCGAN.Configuration(options))
    }
  }

  /// The least memory, in bytes, that a rank needs which computes `samples` samples of a step.
  package func bytesPerRank(_ options: Options, samples: Int) -> Double {
    let microBatch = options.batch / options.microBatches
    return switch self {
    case .dcgan: DCGAN.Configuration(options).bytesPerRank(samples: samples, microBatch: microBatch)
    }
  }
}

extension Options {
  /// The convolutions of the model's networks.
  package var convolutions: [ConvolutionShape] {
    switch family {
    case .dcgan:
      let layers = DCGAN.Configuration(self).layers
      return layers.generator + layers.discriminator
    }
  }
}

extension DCGAN.Configuration {
  fileprivate init(_ options: Options) {
    self.init(
      size: options.size, channels: options.channels, latent: options.model[DCGANOptions.latent],
      generatorFeatures: options.model[DCGANOptions.generatorFeatures],
      discriminatorFeatures: options.model[DCGANOptions.discriminatorFeatures])
  }
}

extension Options {
  /// The model for people, such as `dcgan 32x32x1`.
  package var modelDescription: String { "\(family.rawValue) \(size)x\(size)x\(channels)" }
}
