import Models

/// Wasserstein GANs with gradient penalty, on DCGAN's networks.
struct WGANGPFamily: FamilyDefinition {
  var options: ModelFamilyOptions { WGANGPOptions.family }

  func makeModel(_ options: Options) -> any Model {
    WGANGP(
      DCGAN.Configuration(options), penaltyWeight: Float(options.model[WGANGPOptions.penaltyWeight]),
      augmentation: Augmentation(options))
  }

  func bytesPerRank(_ options: Options, samples: Int, microBatch: Int, acrossNodes: Bool) -> Double {
    DCGAN.Configuration(options).bytesPerRank(
      samples: samples, microBatch: microBatch, mebibytes: WGANGP.mebibytesPerPass)
  }

  func weightCount(_ options: Options) -> Double { DCGAN.Configuration(options).weightCount }

  func convolutions(_ options: Options) -> [ConvolutionShape] { DCGAN.Configuration(options).convolutions }
}
