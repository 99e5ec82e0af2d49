public import Networks

/// What a generator and a discriminator play for: the loss and what stabilises it.
public struct AdversarialObjective: Hashable, Sendable {
  /// The loss of both.
  public var loss = AdversarialLoss.nonSaturating
  /// Real samples have the label 1 less this.
  public var labelSmoothing: Float = 0
  /// The bound of the discriminator's weights after every update (Arjovsky et al. 2017, algorithm 1); nil for
  /// none.
  public var clip: Float?
  /// Whether the weights of the discriminator's layers are spectrally normalised (Miyato et al. 2018); it has
  /// no batch norm then.
  public var usesSpectralNorm = false
  /// γ of the penalty R₁; 0 for none.
  public var r1Weight: Float = 0
  /// The penalty is added on every `r1Every`-th turn of the discriminator, with `r1Every` times its weight:
  /// the lazy regularisation of Karras et al. 2020 (StyleGAN2, section 3.1 and appendix B). There the penalty
  /// has optimizer steps of its own, for which they correct learning rate and moments; here it is added to
  /// the loss of a step that is taken anyway, so the number of steps, and with it the optimizer, stays as it
  /// is.
  public var r1Every = 1
  /// λ of DRAGAN's penalty (Kodali et al. 2017); 0 for none.
  public var draganWeight: Float = 0
  /// The standard deviation of its perturbation, in standard deviations of the values of a micro-batch's real
  /// samples.
  public var draganDeviation: Float = 0.5
  /// It is added on every `draganEvery`-th turn, with `draganEvery` times its weight, as ``r1Every``.
  public var draganEvery = 1
  /// What the discriminator's input goes through; nil for nothing.
  public var augmentation: Augmentation?
  /// Standard deviation at the start of the noise on what the discriminator sees (Sønderby et al. 2017); 0
  /// for none.
  public var instanceNoise: Float = 0
  /// The step at which that noise has fallen to zero, on a straight line; 0 keeps it.
  public var instanceNoiseEnd = 0

  /// The non-saturating loss alone.
  public init() {}

  /// What the penalty is multiplied by in the discriminator's turn number `turn`, from 0: γ/2 times the
  /// interval in the last turn of each interval, nil in the others.
  func r1Factor(turn: Int) -> Float? {
    r1Weight > 0 && (turn + 1).isMultiple(of: r1Every) ? r1Weight / 2 * Float(r1Every) : nil
  }

  /// The same of DRAGAN's penalty: λ times the interval.
  func draganFactor(turn: Int) -> Float? {
    draganWeight > 0 && (turn + 1).isMultiple(of: draganEvery) ? draganWeight * Float(draganEvery) : nil
  }

  /// The passes of the discriminator that a turn's penalties cost, on average: R₁ has the slope of a pass
  /// that is made anyway, and the two gradients of that; DRAGAN a pass forward and its two gradients besides.
  var penaltyPasses: Double {
    (r1Weight > 0 ? 3 / Double(r1Every) : 0) + (draganWeight > 0 ? 6 / Double(draganEvery) : 0)
  }

  /// The deviation of the noise at `step`.
  func noiseDeviation(at step: Int) -> Float {
    guard instanceNoiseEnd > 0 else { return instanceNoise }
    return instanceNoise * max(0, 1 - Float(step) / Float(instanceNoiseEnd))
  }

  /// The discriminator's part, for people.
  var discriminatorText: String {
    var parts = [loss.rawValue]
    if labelSmoothing > 0 { parts.append("labels smoothed by \(labelSmoothing)") }
    if usesSpectralNorm { parts.append("spectral norm") }
    if let clip { parts.append("weights within ±\(clip)") }
    func lazily(_ every: Int) -> String { every > 1 ? ", every \(every) turns \(every) times it" : "" }
    if r1Weight > 0 { parts.append("R1 of weight \(r1Weight)" + lazily(r1Every)) }
    if draganWeight > 0 {
      parts.append(
        "DRAGAN of weight \(draganWeight) around \(draganDeviation) deviations" + lazily(draganEvery))
    }
    return (parts + inputText).joined(separator: ", ")
  }

  /// The generator's part, for people.
  var generatorText: String { ([loss.rawValue] + inputText).joined(separator: ", ") }

  /// What happens to what the discriminator sees.
  private var inputText: [String] {
    let augmented = augmentation.map { [$0.text] } ?? []
    guard instanceNoise > 0 else { return augmented }
    return augmented + [
      "instance noise \(instanceNoise)"
        + (instanceNoiseEnd > 0 ? ", gone at step \(instanceNoiseEnd)" : "")
    ]
  }
}
