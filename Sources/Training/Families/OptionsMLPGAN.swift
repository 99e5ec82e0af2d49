import Datasets

/// The options of the generative adversarial net of fully connected layers (Goodfellow et al. 2014), for
/// vectors.
enum MLPGANOptions {
  /// Length of the latent vector.
  static let latent = ModelOption(
    "latent", .integer(1...65_536), default: 2, unit: "numbers", synonyms: ["nz", "latent_dim", "zdim"],
    help: "length of the latent vector")
  /// Width of the hidden layers.
  static let hidden = ModelOption(
    "hidden", .integer(1...16_384), default: 128, unit: "units", synonyms: ["width", "hidden_size"],
    help: "width of the hidden layers of both networks")
  /// Number of hidden layers.
  static let layers = ModelOption(
    "layers", .integer(1...64), default: 2, synonyms: ["depth", "num_layers"],
    help: "hidden layers of each network")
  /// The unit of the networks.
  static let scale = ModelOption(
    "scale", .number(.closed(1e-6, 1e6)), default: 1.0,
    help: "the networks' unit in that of the data, such as the largest coordinate; samples keep the data's")

  static let family = ModelFamilyOptions(
    networks: .gan(learningRate: 1e-3, beta1: 0.5, beta2: 0.999),
    keys: [latent.key, hidden.key, layers.key, MinibatchOptions.packing.key, scale.key]
      + ConditionOptions.keys
      + AdversarialOptions.keys + ReplayOptions.keys,
    narrowings: narrowings)

  /// What a family of points of the plane makes of the common keys.
  static let narrowings: [ModelFamilyOptions.Narrowing] = [
    .init(path: "data", type: .path, value: .text(GaussianMixture.Kind.ring.rawValue)),
    .init(
      path: "dataset.count", type: .integer(1...10_000_000), value: .integer(GaussianMixture.defaultCount)),
    .init(path: "size", type: .oneOf([1]), value: .integer(1)),
    .init(path: "channels", type: .oneOf([2]), value: .integer(2)),
  ]
}

extension OptionsResolution {
  /// Vessels are no points of the plane.
  mutating func checkPoints() {
    guard schema.family?.definition.modelsPoints == true else { return }
    if let resize = settings["dataset.resize"], ResizeMode(resize.value) != .none {
      report("dataset.resize is given, but points are not resized", resize.origin, "remove it")
    }
    guard let data = settings["data"],
      case .pottery = DataSource(data.value)
    else { return }
    report(
      "data=pottery holds images, and the model is one of points", data.origin,
      "give ring, grid or a NumPy file of shape [N, 2]")
  }
}

extension Options {
  /// Checks that points are about as large as the networks' unit, so that pictures show all of them.
  /// - Throws: `DatasetError`.
  func checkScale(of dataset: any ImageDataset) throws(DatasetError) {
    guard let points = dataset as? PointArray, let scale = model.value(of: MLPGANOptions.scale),
      points.extent > 0, !(0.1...1.25).contains(Double(points.extent) / scale)
    else { return }
    let fits = (2e-6...5e5).contains(points.extent)
    throw DatasetError(
      .unsuitable, "coordinates of up to \(points.extent), and the networks' unit model.scale is \(scale)",
      dataset.name, fits ? "give model.scale=\(points.extent)" : "scale the points to about 1")
  }
}
