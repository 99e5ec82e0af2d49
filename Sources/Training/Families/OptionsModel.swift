/// A family of models: what `model.family` may be.
///
/// A new family is a case here and a `FamilyDefinition`.
public enum ModelFamily: String, CaseIterable, OptionConvertible {
  /// Deep convolutional GAN (Radford et al. 2016).
  case dcgan
  /// GAN of residual networks (Miyato et al. 2018).
  case resNetGAN = "resnet-gan"
  /// GAN of volumes (Wu et al. 2016).
  case voxelGAN = "voxel-gan"
  /// U-Net that completes images, in a game (Isola et al. 2017).
  case pix2pix
  /// The same of volumes.
  case voxelPix2Pix = "voxel-pix2pix"
  /// Wasserstein GAN with gradient penalty (Gulrajani et al. 2017).
  case wganGP = "wgan-gp"
  /// Generative adversarial net of fully connected layers (Goodfellow et al. 2014).
  case mlpGAN = "mlp-gan"
  /// Variational autoencoder (Kingma and Welling 2014).
  case vae
  /// Denoising diffusion model (Ho et al. 2020).
  case diffusion
  /// Normalizing flow of images (Dinh et al. 2017).
  case flow
  /// The same of points of the plane.
  case pointFlow = "point-flow"

  /// What there is to know of the family.
  var definition: any FamilyDefinition {
    switch self {
    case .dcgan: ConvolutionalGANFamily(options: DCGANOptions.family)
    case .resNetGAN: ConvolutionalGANFamily(options: ResNetGANOptions.family)
    case .voxelGAN: ConvolutionalGANFamily(options: VoxelGANOptions.family, modelsVolumes: true)
    case .pix2pix: Pix2PixFamily(options: Pix2PixOptions.family)
    case .voxelPix2Pix: Pix2PixFamily(options: Pix2PixOptions.familyOfVolumes, modelsVolumes: true)
    case .wganGP: WGANGPFamily()
    case .mlpGAN: MLPGANFamily()
    case .vae: VAEFamily()
    case .diffusion: DiffusionFamily()
    case .flow: FlowFamily(options: FlowOptions.family, modelsPoints: false)
    case .pointFlow: FlowFamily(options: FlowOptions.familyOfPoints, modelsPoints: true)
    }
  }

  /// What the family adds to the table of options.
  public var options: ModelFamilyOptions { definition.options }
}

/// What a model family adds to the table of options.
public struct ModelFamilyOptions: Sendable {
  /// The networks in the order of their updates, each with its optimizer's defaults.
  public let networks: [OptimizerDefaults]
  /// Keys under `model.`, then those of the loss.
  public let keys: [OptionKey]
  /// Common keys that the family restricts or for which it prefers another default.
  let narrowings: [Narrowing]

  /// A restriction of a common key.
  struct Narrowing: Sendable {
    let path: String
    let type: OptionType
    let value: OptionValue
  }
}

/// A network and the defaults of its optimizer, those of Adam.
public struct OptimizerDefaults: Sendable {
  /// The network's name, as in checkpoints and in `optimizer.NAME.`.
  public let network: String
  let learningRate: Double
  let beta1: Double
  let beta2: Double
  var epsilon = 1e-8
  var turns = 1
}

extension [OptimizerDefaults] {
  /// Those of a GAN: of the discriminator, which may have several turns for one of the generator, and of the
  /// generator.
  static func gan(
    learningRate: Double, beta1: Double, beta2: Double, discriminatorTurns: Int = 1
  ) -> [OptimizerDefaults] {
    [("discriminator", discriminatorTurns), ("generator", 1)].map { network, turns in
      OptimizerDefaults(
        network: network, learningRate: learningRate, beta1: beta1, beta2: beta2, turns: turns)
    }
  }
}

/// A key of a family with the type of its value, as the family declares it and as its model reads it:
/// `options.model[DCGANOptions.latent]`.
public struct ModelOption<Value: OptionConvertible>: Sendable {
  /// The row in the table.
  public let key: OptionKey

  /// Declares `model.NAME`. It determines the weights, as everything that shapes a model does, unless its
  /// role says otherwise.
  /// - Parameters:
  ///   - role: `.execution` for what sampling alone depends on, which a resume may change, unless the run
  ///     goes back where its samples are bad.
  init(
    _ name: String, _ type: OptionType, default value: Value, unit: String = "",
    role: OptionRole = .arithmetic, synonyms: [String] = [], help: String
  ) {
    key = Self.key("model.\(name)", type, value, unit, role, synonyms, help)
  }

  /// Declares a key of what networks are trained for, or of what they may have besides.
  /// - Parameter isNeutralAtDefault: whether it changes nothing there, so that digests are what they are
  ///   without it; see `OptionKey.neutralAtDefault`.
  init(
    path: String, _ type: OptionType, default value: Value, isNeutralAtDefault: Bool = true,
    unit: String = "", synonyms: [String] = [], help: String
  ) {
    let declared = Self.key(path, type, value, unit, .arithmetic, synonyms, help)
    key = isNeutralAtDefault ? declared.neutralAtDefault : declared
  }

  private static func key(
    _ path: String, _ type: OptionType, _ value: Value, _ unit: String, _ role: OptionRole,
    _ synonyms: [String], _ help: String
  ) -> OptionKey {
    OptionKey(
      path, type, .value(value.optionValue), unit, role, synonyms, help,
      read: { $0.model.values[path] },
      write: { $0.model.values[path] = $1 }
    ).arithmetic { $0.rewinds }
  }
}

/// The values of a family's keys.
public struct ModelOptions: Sendable, Equatable {
  /// By path; looked up, never iterated.
  fileprivate(set) var values: [String: OptionValue] = [:]

  init() {}

  /// The value of `option`.
  ///
  /// - Precondition: the options are those of the family that declares `option`.
  public subscript<Value: OptionConvertible>(option: ModelOption<Value>) -> Value {
    guard let value = values[option.key.path] else {
      // Told in release builds too, which are what authors of families run.
      fatalError("\(option.key.path) is read, but the run's model family does not declare it")
    }
    return Value(value)
  }

  /// The value of `option`; where the family does not declare it, the one at which it changes nothing.
  subscript<Value: OptionConvertible>(ifDeclared option: ModelOption<Value>) -> Value {
    guard let value = values[option.key.path] ?? option.key.neutral else {
      fatalError("\(option.key.path) has no value that changes nothing")
    }
    return Value(value)
  }

  /// The value of `option`, or nil if the family does not declare it.
  func value<Value: OptionConvertible>(of option: ModelOption<Value>) -> Value? {
    values[option.key.path].map { Value($0) }
  }
}
