/// The options of the deep convolutional GAN (Radford et al. 2016, Unsupervised Representation Learning with
/// Deep Convolutional Generative Adversarial Networks).
public enum DCGANOptions {
  /// Length of the latent vector, the paper's z.
  public static let latent = ModelOption(
    "latent", .integer(1...65_536), default: 100, unit: "numbers", synonyms: ["nz", "latent_dim", "zdim"],
    help: "length of the latent vector")
  /// Channels of the generator's last hidden layer; every layer before it has twice as many.
  public static let generatorFeatures = ModelOption(
    "generatorFeatures", .integer(1...4096), default: 64, unit: "channels", synonyms: ["ngf"],
    help: "channels of the generator's last hidden layer")
  /// Channels of the discriminator's first layer; every layer after it has twice as many.
  public static let discriminatorFeatures = ModelOption(
    "discriminatorFeatures", .integer(1...4096), default: 64, unit: "channels", synonyms: ["ndf"],
    help: "channels of the discriminator's first layer")

  /// Biases in the discriminator.
  static let discriminatorBias = ModelOption(
    path: "model.discriminatorBias", .boolean, default: false,
    help: "biases in the discriminator's convolutions; without them and without batch norm (wgan-gp, "
      + "spectralNorm) what it says of a sample is in proportion to the sample's contrast")

  private static let packing = MinibatchOptions.packing.key.neutralAtDefault

  /// The keys of the networks' widths.
  static let widths = [latent.key, generatorFeatures.key, discriminatorFeatures.key]
  /// The keys of what the networks are trained for.
  static let gameKeys =
    [packing] + ConditionOptions.keys + AdversarialOptions.keys + AugmentOptions.keys + MinibatchOptions.keys
    + ReplayOptions.keys

  static let family = ModelFamilyOptions(
    networks: .gan(learningRate: 2e-4, beta1: 0.5, beta2: 0.999),
    keys: widths + [discriminatorBias.key] + gameKeys,
    narrowings: [
      .init(path: "size", type: .oneOf([16, 32, 64, 128, 256]), value: .integer(32)),
      .init(path: "channels", type: .oneOf([1, 3]), value: .integer(1)),
    ])
}
