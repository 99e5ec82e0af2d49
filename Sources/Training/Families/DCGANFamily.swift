import Models

/// Deep convolutional GANs.
struct DCGANFamily: FamilyDefinition {
  var options: ModelFamilyOptions { DCGANOptions.family }

  func makeModel(_ options: Options) -> any Model {
    DCGAN(
      DCGAN.Configuration(options), objective: AdversarialObjective(options), replay: ReplayBuffer(options))
  }

  func bytesPerRank(_ options: Options, samples: Int, microBatch: Int, acrossNodes: Bool) -> Double {
    let configuration = DCGAN.Configuration(options)
    return configuration.bytesPerRank(
      samples: samples, microBatch: microBatch,
      mebibytes: DCGAN.mebibytesPerPass(
        configuration, AdversarialObjective(options), hasReplay: options.replayBytes > 0,
        acrossNodes: acrossNodes))
  }

  func weightCount(_ options: Options) -> Double { DCGAN.Configuration(options).weightCount }

  func convolutions(_ options: Options) -> [ConvolutionShape] { DCGAN.Configuration(options).convolutions }
}

extension DCGAN.Configuration {
  init(_ options: Options) {
    self.init(
      size: options.size, channels: options.channels, latent: options.model[DCGANOptions.latent],
      generatorFeatures: options.model[DCGANOptions.generatorFeatures],
      discriminatorFeatures: options.model[DCGANOptions.discriminatorFeatures],
      condition: ClassCondition(options), comparison: SampleComparison(options),
      packing: options.model.value(of: MinibatchOptions.packing) ?? 1)
  }

  /// Those of the generator, then the discriminator's.
  var convolutions: [ConvolutionShape] { layers.generator + layers.discriminator }
}
