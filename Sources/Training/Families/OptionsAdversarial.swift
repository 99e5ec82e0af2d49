import Models
public import Networks
import Platform

/// What the generators and discriminators of several families are trained for.
public enum AdversarialOptions {
  /// The loss of both networks.
  public static let loss = ModelOption(
    path: "loss", .word(AdversarialLoss.allCases.map(\.rawValue)), default: AdversarialLoss.nonSaturating,
    synonyms: ["criterion", "gan_mode", "objective"],
    help: "what both networks minimise; wasserstein was published with rmsprop, learning rates of 5e-5 and "
      + "discriminatorSteps=5")
  /// One-sided label smoothing (Salimans et al. 2016).
  public static let labelSmoothing = ModelOption(
    path: "labelSmoothing", .number(.below(1, from: 0)), default: 0.0, synonyms: ["label_smoothing"],
    help: "real samples have the label 1 less this; for the losses with labels")
  /// Weight clipping (Arjovsky et al. 2017).
  public static let clip = ModelOption(
    path: "clip", .number(.closed(0, 1000)), default: 0.0, synonyms: ["clip_value", "weight_clip"],
    help: "bound of the discriminator's weights; 0 for none, 0.01 with loss=wasserstein unless given")
  /// Spectral normalisation (Miyato et al. 2018).
  public static let spectralNorm = ModelOption(
    path: "spectralNorm", .boolean, default: false, synonyms: ["sn", "spectral_norm"],
    help:
      "divide the weights of the discriminator's convolutions, linear layers and projection by their largest "
      + "singular value; no batch norm then")
  /// The penalty R1 (Mescheder et al. 2018).
  public static let r1Weight = ModelOption(
    path: "r1.weight", .number(.closed(0, 1e6)), default: 0.0, synonyms: ["gamma", "r1_gamma"],
    help:
      "half of this times the discriminator's mean squared slope at real samples is a penalty; 0 for none"
  )
  /// Lazy regularisation (Karras et al. 2020).
  public static let r1Every = ModelOption(
    path: "r1.every", .integer(1...1_000_000), default: 1, unit: "turns",
    synonyms: ["d_reg_every", "d_reg_interval"],
    help: "turns of the discriminator for one with the penalty, which is then so many times as heavy")
  /// The penalty of DRAGAN (Kodali et al. 2017).
  public static let draganWeight = ModelOption(
    path: "dragan.weight", .number(.closed(0, 1e6)), default: 0.0, synonyms: ["lambda_dragan"],
    help:
      "weight of the penalty on the discriminator's slope at perturbed real samples (DRAGAN, there 10); 0 for none"
  )
  /// How far samples are perturbed.
  public static let draganDeviation = ModelOption(
    path: "dragan.deviation", .number(.closed(0, 1000)), default: 0.5,
    help: "deviation of that perturbation, in standard deviations of the samples' values")
  /// Lazy regularisation (Karras et al. 2020).
  public static let draganEvery = ModelOption(
    path: "dragan.every", .integer(1...1_000_000), default: 1, unit: "turns",
    help: "turns of the discriminator for one with that penalty, which is then so many times as heavy")
  /// Instance noise (Sønderby et al. 2017).
  public static let instanceNoise = ModelOption(
    path: "instanceNoise.deviation", .number(.closed(0, 1000)), default: 0.0,
    help: "standard deviation of the noise on what the discriminator sees; 0 for none")
  /// When instance noise is gone.
  public static let instanceNoiseEnd = ModelOption(
    path: "instanceNoise.until", .integer(0...1_000_000_000), default: 0, unit: "steps",
    help: "the step at which that noise has fallen to zero; 0 keeps it")

  static let keys = [
    loss.key, labelSmoothing.key, clip.key, spectralNorm.key, r1Weight.key, r1Every.key, draganWeight.key,
    draganDeviation.key, draganEvery.key, instanceNoise.key, instanceNoiseEnd.key,
  ]
}

extension AdversarialLoss: OptionConvertible {}
extension LearningRateSchedule.Decay: OptionConvertible {}

extension Options {
  /// What is to be said of a lazy penalty that no turn of a run has; none of one whose turns are balanced.
  /// - Parameter turns: those of the discriminator in the whole run.
  package func penaltiesNotReached(in turns: Int) -> [String] {
    let keys = AdversarialOptions.self
    let penalties = [(keys.r1Weight, keys.r1Every), (keys.draganWeight, keys.draganEvery)]
    return penalties.compactMap { weight, every in
      let interval = model[ifDeclared: every]
      guard balance.every == 0, model[ifDeclared: weight] > 0, interval > turns else { return nil }
      return
        "\(every.key.path)=\(interval), and the run has \(Count.text(turns, "turn")) of the discriminator: "
        + "none has that penalty"
    }
  }
}

extension AdversarialObjective {
  /// What the options say; keys that the family does not declare change nothing.
  init(_ options: Options) {
    let keys = AdversarialOptions.self
    self.init()
    loss = options.model[ifDeclared: keys.loss]
    labelSmoothing = Float(options.model[ifDeclared: keys.labelSmoothing])
    let bound = options.model[ifDeclared: keys.clip]
    clip = bound > 0 ? Float(bound) : nil
    usesSpectralNorm = options.model[ifDeclared: keys.spectralNorm]
    r1Weight = Float(options.model[ifDeclared: keys.r1Weight])
    r1Every = options.model[ifDeclared: keys.r1Every]
    draganWeight = Float(options.model[ifDeclared: keys.draganWeight])
    draganDeviation = Float(options.model[ifDeclared: keys.draganDeviation])
    draganEvery = options.model[ifDeclared: keys.draganEvery]
    augmentation = Augmentation(options)
    instanceNoise = Float(options.model[ifDeclared: keys.instanceNoise])
    instanceNoiseEnd = options.model[ifDeclared: keys.instanceNoiseEnd]
  }
}
