/// The options of GANs of residual networks (Miyato et al. 2018, Spectral Normalization for Generative
/// Adversarial Networks): those of ``DCGANOptions``, with the paper's optimizers.
enum ResNetGANOptions {
  static let family = ModelFamilyOptions(
    networks: .gan(learningRate: 2e-4, beta1: 0, beta2: 0.9, discriminatorTurns: 5),
    keys: DCGANOptions.widths + DCGANOptions.gameKeys, narrowings: DCGANOptions.family.narrowings)
}
