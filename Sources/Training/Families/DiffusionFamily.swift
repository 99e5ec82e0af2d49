import Models

/// Denoising diffusion models.
struct DiffusionFamily: FamilyDefinition {
  var options: ModelFamilyOptions { DiffusionOptions.family }

  func makeModel(_ options: Options) -> any Model { Diffusion(Diffusion.Configuration(options)) }

  func bytesPerRank(_ options: Options, samples: Int, microBatch: Int, acrossNodes: Bool) -> Double {
    Diffusion.Configuration(options).bytesPerRank(
      samples: samples, microBatch: microBatch, acrossNodes: acrossNodes)
  }

  func weightCount(_ options: Options) -> Double { Diffusion.Configuration(options).weightCount }

  func convolutions(_ options: Options) -> [ConvolutionShape] {
    Diffusion.Configuration(options).convolutions
  }
}

extension Diffusion.Configuration {
  fileprivate init(_ options: Options) {
    let isConditional = options.model[DiffusionOptions.condition] != .none
    self.init(
      size: options.size, channels: options.channels, features: options.model[DiffusionOptions.features],
      blocks: options.model[DiffusionOptions.blocks],
      classes: isConditional ? options.conditionedClasses : 0,
      samplingSteps: options.model[DiffusionOptions.samplingSteps],
      guidance: Float(options.model[DiffusionOptions.guidance]),
      resampling: options.model[DiffusionOptions.resampling])
  }
}
