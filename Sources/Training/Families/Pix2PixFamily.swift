import Models

/// Models that complete samples.
struct Pix2PixFamily: FamilyDefinition {
  let options: ModelFamilyOptions
  var modelsVolumes = false

  func makeModel(_ options: Options) -> any Model {
    Pix2Pix(Pix2Pix.Configuration(options), objective: AdversarialObjective(options))
  }

  func bytesPerRank(_ options: Options, samples: Int, microBatch: Int, acrossNodes: Bool) -> Double {
    Pix2Pix.Configuration(options).bytesPerRank(samples: samples, microBatch: microBatch)
  }

  func weightCount(_ options: Options) -> Double { Pix2Pix.Configuration(options).weightCount }

  func convolutions(_ options: Options) -> [ConvolutionShape] { Pix2Pix.Configuration(options).convolutions }
}

extension Pix2Pix.Configuration {
  fileprivate init(_ options: Options) {
    guard let context = options.context else {
      preconditionFailure("the family's options say how contexts are cut")
    }
    self.init(
      size: options.size, axes: options.family.definition.axes, channels: options.channels,
      generatorFeatures: options.model[DCGANOptions.generatorFeatures],
      discriminatorFeatures: options.model[DCGANOptions.discriminatorFeatures],
      hasDiscriminatorBias: options.model[DCGANOptions.discriminatorBias], context: context,
      reconstructionWeight: Float(options.model[Pix2PixOptions.reconstructionWeight]))
  }
}
