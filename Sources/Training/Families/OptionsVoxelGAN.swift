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
