package import Models

extension ModelFamily {
  /// A model of this family as the options describe it, with uninitialised parameters.
  package func makeModel(_ options: Options) -> any Model {
    switch self {
    case .dcgan:
      DCGAN(
        DCGAN.Configuration(
          size: options.size, channels: options.channels, latent: options.model[DCGANOptions.latent],
          generatorFeatures: options.model[DCGANOptions.generatorFeatures],
          discriminatorFeatures: options.model[DCGANOptions.discriminatorFeatures]))
    }
  }
}

extension Options {
  /// The model for people, such as `dcgan 32x32x1`.
  package var modelDescription: String { "\(family.rawValue) \(size)x\(size)x\(channels)" }
}
