package import Models
import Networks

/// How the discriminator's input is augmented, for families of images: DiffAugment (Zhao et al. 2020,
/// Differentiable Augmentation for Data-Efficient GAN Training) and ADA (Karras et al. 2020, Training
/// Generative Adversarial Networks with Limited Data).
enum AugmentOptions {
  /// Whose distributions, and whether the probability is steered.
  static let kind = ModelOption(
    path: "augment.kind", .word(Augmentation.Kind.allCases.map(\.rawValue)), default: Augmentation.Kind.none,
    synonyms: ["aug", "DiffAugment", "augpipe"],
    help:
      "what the discriminator's input goes through, reals and fakes: diffaugment (Zhao et al. 2020), or ada (Karras et al. 2020), which steers its probability"
  )
  /// The transformations that a sample may go through.
  static let policy = ModelOption(
    path: "augment.policy", .words(Augmentation.Transform.allCases.map(\.rawValue)),
    default: AugmentPolicy.standard, synonyms: ["transforms", "policy"],
    help: "what may happen to a sample, with commas between")
  /// The probability of each.
  static let probability = ModelOption(
    path: "augment.probability", .number(.closed(0, 1)), default: 1.0, synonyms: ["p", "augment_p", "aug_p"],
    help: "probability of each; with ada the one it begins with, 0 unless given")
  /// The mean sign of the discriminator's scores of real samples that ADA steers toward.
  static let target = ModelOption(
    path: "augment.target", .number(.closed(-1, 1)), default: 0.6, synonyms: ["ada_target"],
    help: "ada: mean sign of the discriminator's scores of real samples above which the probability rises")
  /// Real samples in which ADA raises the probability from 0 to 1.
  static let speed = ModelOption(
    path: "augment.speed", .number(.closed(1, 1e12)), default: 500_000.0, unit: "images",
    synonyms: ["ada_kimg"],
    help: "ada: real samples in which the probability rises from 0 to 1")
  /// Steps between two decisions.
  static let every = ModelOption(
    path: "augment.every", .integer(1...1_000_000), default: 4, unit: "steps",
    synonyms: ["ada_interval", "ada_every"], help: "ada: steps between two decisions on the probability")
  /// The probability up to which ADA raises it.
  static let limit = ModelOption(
    path: "augment.limit", .number(.closed(0, 1)), default: 0.8,
    help: "ada: probability up to which it is raised; near 1 the generator may learn what is augmented")

  static let keys = [
    kind.key, policy.key, probability.key, target.key, speed.key, every.key, limit.key,
  ]
}

/// The transformations that the options name.
struct AugmentPolicy: OptionConvertible {
  /// The transformations.
  let transforms: Set<Augmentation.Transform>

  /// All that may happen to an image which is neither turned nor mirrored.
  static let standard = AugmentPolicy(
    [.translation, .brightness, .saturation, .contrast, .cutout])

  init(_ transforms: Set<Augmentation.Transform>) {
    self.transforms = transforms
  }

  /// Takes names with commas between.
  init(_ value: OptionValue) {
    transforms = Set(
      OptionType.words(in: String(value)).map { word in
        guard let transform = Augmentation.Transform(rawValue: word) else {
          mismatch(value, AugmentPolicy.self)
        }
        return transform
      })
  }

  /// The names in one order.
  var optionValue: OptionValue {
    .text(
      Augmentation.Transform.allCases.filter(transforms.contains).map(\.rawValue).joined(separator: ","))
  }
}

extension Augmentation.Kind: OptionConvertible {}

extension Augmentation {
  /// The augmentation that the options ask for, if they do.
  init?(_ options: Options) {
    let keys = AugmentOptions.self
    guard options.augmentation != .none else { return nil }
    self.init(
      options.augmentation, options.model[keys.policy].transforms,
      probability: Float(options.model[keys.probability]))
  }
}

extension OptionsResolution {
  /// ADA begins with no augmentation, and needs a discriminator with a decision.
  mutating func checkAugmentation() {
    let keys = AugmentOptions.self
    guard let kind = settings[keys.kind.key.path], Augmentation.Kind(kind.value) == .ada else { return }
    if let probability = settings[keys.probability.key.path], probability.layer == .fallback {
      derive(keys.probability.key.path, .number(0))
    }
    let loss = settings[AdversarialOptions.loss.key.path].map { AdversarialLoss($0.value) }
    if schema.family != nil, loss?.decisionThreshold == nil {
      report(
        "augment.kind is ada, but a critic's scores have no threshold", kind.origin,
        "use augment.kind=diffaugment, or another loss")
    }
  }
}
