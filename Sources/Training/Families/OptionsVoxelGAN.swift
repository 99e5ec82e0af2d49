/// The options of GANs of volumes (Wu et al. 2016, Learning a Probabilistic Latent Space of Object Shapes via
/// 3D Generative-Adversarial Modeling): those of ``DCGANOptions``, without augmentation, which is of images.
enum VoxelGANOptions {
  static let family = ModelFamilyOptions(
    networks: DCGANOptions.family.networks,
    keys: DCGANOptions.family.keys.filter { key in !AugmentOptions.keys.contains { $0.path == key.path } },
    narrowings: [
      .init(path: "size", type: .oneOf([16, 32, 64]), value: .integer(32)),
      .init(path: "channels", type: .oneOf([1]), value: .integer(1)),
    ])
}

extension OptionsResolution {
  /// What is done to images before they are delivered is not done to volumes.
  mutating func checkVolumes() {
    guard schema.family?.definition.modelsVolumes == true else { return }
    for path in ["dataset.resize", "dataset.stack"] {
      guard let setting = settings[path], schema.key(at: path)?.fallback != .value(setting.value) else {
        continue
      }
      report("\(path) is given, but the data are volumes", setting.origin, "remove it")
    }
  }
}
