/// The options of GANs of residual networks (Miyato et al. 2018, Spectral Normalization for Generative
/// Adversarial Networks): those of ``DCGANOptions``, with the paper's optimizers.
enum ResNetGANOptions {
  static let family = ModelFamilyOptions(
    networks: [
      OptimizerDefaults(network: "discriminator", learningRate: 2e-4, beta1: 0, beta2: 0.9, turns: 5),
      OptimizerDefaults(network: "generator", learningRate: 2e-4, beta1: 0, beta2: 0.9),
    ],
    keys: DCGANOptions.widths + DCGANOptions.gameKeys, narrowings: DCGANOptions.family.narrowings)
}
