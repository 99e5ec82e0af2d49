/// The options of the Wasserstein GAN with gradient penalty (Gulrajani et al. 2017, Improved Training of
/// Wasserstein GANs), on the networks of ``DCGANOptions``. Its critic has five turns for one of the
/// generator.
enum WGANGPOptions {
  /// The paper's lambda.
  static let penaltyWeight = ModelOption(
    path: "penalty.weight", .number(.closed(0, 1e6)), default: 10.0, isNeutralAtDefault: false,
    synonyms: ["lambda", "lambda_gp"],
    help: "weight of the penalty on the critic's slope between real samples and fakes")

  static let family = ModelFamilyOptions(
    networks: .gan(learningRate: 1e-4, beta1: 0, beta2: 0.9, discriminatorTurns: 5),
    keys: DCGANOptions.widths + [DCGANOptions.discriminatorBias.key, penaltyWeight.key] + AugmentOptions.keys,
    narrowings: DCGANOptions.family.narrowings)
}
