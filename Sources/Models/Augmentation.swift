import Autograd
public import TensorCore

/// What the discriminator's input goes through, reals and fakes alike, so that it cannot learn few samples by
/// heart: differentiable augmentation (DiffAugment, Zhao et al. 2020), or the part of the adaptive
/// augmentation of Karras et al. 2020 (ADA, appendix B) that suits small images.
///
/// Every transformation of every sample is switched on with a probability. What the random numbers become,
/// and in what order the transformations follow one another, is the paper's.
public struct Augmentation: Hashable, Sendable {
  /// Whose distributions.
  public enum Kind: String, CaseIterable, Hashable, Sendable {
    /// No augmentation.
    case none
    /// Zhao et al. 2020: colours, translation with zeros behind it, cutout.
    case diffaugment
    /// Karras et al. 2020: flips, turns, translation with the image mirrored behind it, colours, cutout. The
    /// probability is steered.
    case ada
  }

  /// A change of a sample.
  public enum Transform: String, CaseIterable, Hashable, Sendable {
    /// Left and right change places in every second sample.
    case flip
    /// By 0, 90, 180 or 270 degrees, equally likely.
    case rotation
    /// By whole pixels, at most an eighth of the side each way.
    case translation
    /// A constant is added: in [-½, ½], or of deviation 0.2 with ADA.
    case brightness
    /// Distance from grey times a factor: in [0, 2], or 2 to the power of a standard normal number with ADA.
    case saturation
    /// Values times a factor: in [½, 1½] about the image's mean, or 2 to the power of a normal number of
    /// deviation ½ about 0 with ADA.
    case contrast
    /// Zeros in a square of half the side, whose centre lies anywhere.
    case cutout
  }

  /// Whose distributions.
  public var kind: Kind
  /// What is done.
  public var transforms: Set<Transform>
  /// The probability of each, where nobody steers it.
  public var probability: Float

  /// - Precondition: `kind` is not none; `probability` lies in [0, 1].
  public init(_ kind: Kind, _ transforms: Set<Transform>, probability: Float) {
    precondition(kind != .none, "no augmentation is none")
    precondition((0...1).contains(probability), "a probability lies in [0, 1]")
    self.kind = kind
    self.transforms = transforms
    self.probability = probability
  }

  /// What happens to each sample of a batch.
  public struct Changes: Hashable, Sendable {
    /// Where its pixels go.
    public var placements: [PixelPlacement]
    /// What its values become.
    public var colours: [ColourChange]
    /// What is cut out of it.
    public var boxes: [PixelBox]
  }

  /// The samples, changed; recorded if they are.
  /// - Parameters:
  ///   - samples: `[n, H, W, C]`.
  ///   - purpose: which of the micro-batch's augmentations; numbers are indexed by the place in the global
  ///     batch.
  func callAsFunction(
    _ samples: Variable, _ purpose: KeyedNoise.Purpose, _ microBatch: MicroBatch
  ) -> Variable {
    let probability = microBatch.augmentation ?? probability
    guard probability > 0, !transforms.isEmpty else { return samples }
    let uniform = microBatch.noise(for: purpose, length: Self.numbersPerSample)
    let shape = samples.value.shape
    return applying(
      changes(of: uniform, probability: probability, height: shape[1], width: shape[2]), to: samples)
  }

  /// DiffAugment: colours, translation, cutout. ADA: geometry, colours, cutout.
  func applying(_ changes: Changes, to samples: Variable) -> Variable {
    var result = samples
    let isPlaced = !transforms.isDisjoint(with: [.flip, .rotation, .translation])
    let isRecoloured = !transforms.isDisjoint(with: [.brightness, .saturation, .contrast])
    if isPlaced && kind == .ada { result = result.placed(changes.placements, border: .mirrored) }
    if isRecoloured { result = result.recoloured(changes.colours) }
    if isPlaced && kind == .diffaugment { result = result.placed(changes.placements, border: .zero) }
    return transforms.contains(.cutout) ? result.erased(changes.boxes) : result
  }

  /// For people.
  var text: String {
    let names = Transform.allCases.filter(transforms.contains).map(\.rawValue).joined(separator: ", ")
    let chance = kind == .ada ? "a steered probability from \(probability) on" : "probability \(probability)"
    return "\(kind == .ada ? "ADA" : "DiffAugment") of what it sees (\(names)) with \(chance)"
  }
}
