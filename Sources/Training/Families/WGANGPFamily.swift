import Models

/// Wasserstein GANs with gradient penalty, on DCGAN's networks.
struct WGANGPFamily: FamilyDefinition {
  var options: ModelFamilyOptions { WGANGPOptions.family }

  func makeModel(_ options: Options) -> any Model {
    WGANGP(
      ConvolutionalGAN.Configuration(options),
      penaltyWeight: Float(options.model[WGANGPOptions.penaltyWeight]),
      augmentation: Augmentation(options))
  }

  func bytesPerRank(_ options: Options, samples: Int, microBatch: Int, acrossNodes: Bool) -> Double {
    ConvolutionalGAN.Configuration(options).bytesPerRank(
      samples: samples, microBatch: microBatch, mebibytes: WGANGP.mebibytesPerPass, keepsFakes: false)
  }

  func weightCount(_ options: Options) -> Double { ConvolutionalGAN.Configuration(options).weightCount }

  func convolutions(_ options: Options) -> [ConvolutionShape] {
    ConvolutionalGAN.Configuration(options).convolutions
  }
}
