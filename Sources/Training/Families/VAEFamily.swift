import Models

/// Variational autoencoders.
struct VAEFamily: FamilyDefinition {
  var options: ModelFamilyOptions { VAEOptions.family }

  func makeModel(_ options: Options) -> any Model { VAE(VAE.Configuration(options)) }

  func bytesPerRank(_ options: Options, samples: Int, microBatch: Int, acrossNodes: Bool) -> Double {
    VAE.Configuration(options).bytesPerRank(samples: samples, microBatch: microBatch)
  }

  func weightCount(_ options: Options) -> Double { VAE.Configuration(options).weightCount }
}

extension VAE.Configuration {
  fileprivate init(_ options: Options) {
    self.init(
      size: options.size, channels: options.channels, hidden: options.model[VAEOptions.hidden],
      latent: options.model[VAEOptions.latent])
  }
}
