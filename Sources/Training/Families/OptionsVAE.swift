/// The options of the variational autoencoder (Kingma and Welling 2014).
enum VAEOptions {
  /// Width of the hidden layers.
  static let hidden = ModelOption(
    "hidden", .integer(1...65_536), default: 400, unit: "units", synonyms: ["width", "hidden_size"],
    help: "width of the hidden layer of encoder and decoder")
  /// Length of the latent vector.
  static let latent = ModelOption(
    "latent", .integer(1...65_536), default: 20, unit: "numbers", synonyms: ["nz", "latent_dim", "zdim"],
    help: "length of the latent vector")

  static let family = ModelFamilyOptions(
    networks: [
      OptimizerDefaults(network: "autoencoder", learningRate: 1e-3, beta1: 0.9, beta2: 0.999)
    ],
    keys: [hidden.key, latent.key],
    narrowings: [.init(path: "size", type: .integer(1...4096), value: .integer(32))])
}
