import Models

/// GANs of convolutional networks.
struct ConvolutionalGANFamily: FamilyDefinition {
  let options: ModelFamilyOptions
  var modelsVolumes = false

  func makeModel(_ options: Options) -> any Model {
    ConvolutionalGAN(
      ConvolutionalGAN.Configuration(options), objective: AdversarialObjective(options),
      replay: ReplayBuffer(options))
  }

  func bytesPerRank(_ options: Options, samples: Int, microBatch: Int, acrossNodes: Bool) -> Double {
    let configuration = ConvolutionalGAN.Configuration(options)
    return configuration.bytesPerRank(
      samples: samples, microBatch: microBatch,
      mebibytes: ConvolutionalGAN.mebibytesPerPass(
        configuration, AdversarialObjective(options), hasReplay: options.replayBytes > 0,
        acrossNodes: acrossNodes))
  }

  func weightCount(_ options: Options) -> Double { ConvolutionalGAN.Configuration(options).weightCount }

  func convolutions(_ options: Options) -> [ConvolutionShape] {
    ConvolutionalGAN.Configuration(options).convolutions
  }
}

extension ConvolutionalGAN.Configuration {
  init(_ options: Options) {
    self.init(
      options.family == .resNetGAN ? .residual : .dcgan, size: options.size,
      axes: options.family.definition.axes, channels: options.channels,
      latent: options.model[DCGANOptions.latent],
      generatorFeatures: options.model[DCGANOptions.generatorFeatures],
      discriminatorFeatures: options.model[DCGANOptions.discriminatorFeatures],
      hasDiscriminatorBias: options.model[ifDeclared: DCGANOptions.discriminatorBias],
      condition: ClassCondition(options), comparison: SampleComparison(options),
      packing: options.model.value(of: MinibatchOptions.packing) ?? 1)
  }

  /// Those of the generator, then the discriminator's.
  var convolutions: [ConvolutionShape] { layers.generator + layers.discriminator }
}
