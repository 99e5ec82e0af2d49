import Datasets

/// The options of the normalizing flow (Dinh et al. 2017), of images or of points of the plane.
enum FlowOptions {
  /// Number of couplings.
  static let couplings = ModelOption(
    "couplings", .integer(1...256), default: 16, synonyms: ["flows", "num_flows", "n_coupling_layers"],
    help: "affine couplings, which change one half of a sample and the other by turns")
  /// Width of the hidden layers.
  static let hidden = ModelOption(
    "hidden", .integer(1...16_384), default: 64, unit: "units", synonyms: ["width", "hidden_size"],
    help: "width of the hidden layers of each coupling")
  /// Hidden layers of each coupling.
  static let layers = ModelOption(
    "layers", .integer(1...16), default: 1, synonyms: ["depth", "num_layers"],
    help: "hidden layers of each coupling")

  /// The optimizer and the keys of both.
  private static let networks = [
    OptimizerDefaults(network: "flow", learningRate: 1e-3, beta1: 0.9, beta2: 0.99)
  ]
  private static let keys = [couplings.key, hidden.key, layers.key]

  static let family = ModelFamilyOptions(
    networks: networks, keys: keys,
    narrowings: [.init(path: "size", type: .integer(2...64), value: .integer(16))])

  static let familyOfPoints = ModelFamilyOptions(
    networks: networks, keys: keys + [MLPGANOptions.scale.key], narrowings: MLPGANOptions.narrowings)
}
