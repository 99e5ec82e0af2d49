package import Models

/// The options of models that complete samples (Isola et al. 2017, Image-to-Image Translation with
/// Conditional Adversarial Networks): the widths of ``DCGANOptions``, and how contexts are cut.
enum Pix2PixOptions {
  /// The paper's lambda.
  static let reconstructionWeight = ModelOption(
    path: "reconstruction.weight", .number(.closed(0, 1e6)), default: 100.0, isNeutralAtDefault: false,
    synonyms: ["lambda_L1", "l1_weight"],
    help: "weight of the mean absolute difference from the original in what the generator minimises")
  /// What is hidden of a sample, or what stands for it.
  static let kind = ModelOption(
    path: "context.kind", .word(ContextRule.Kind.allCases.map(\.rawValue)), default: ContextRule.Kind.box,
    isNeutralAtDefault: false,
    synonyms: ["mask", "mask_type"],
    help: "what the generator is shown: all without a box, or a piece on one side of a plane; coarse blocks "
      + "of one value; colours made grey; or one half of each pair of square images side by side")
  /// The share that is hidden.
  static let hidden = ModelOption(
    path: "context.hidden", .number(.closed(0.001, 0.999)), default: 0.5, isNeutralAtDefault: false,
    synonyms: ["mask_ratio", "hole"],
    help: "about the share of the places that box and piece hide")
  /// The coarseness.
  static let factor = ModelOption(
    path: "context.factor", .powerOfTwo(2...64), default: 4, isNeutralAtDefault: false, unit: "places",
    synonyms: ["upscale", "scale_factor"],
    help: "side of a block of coarse, which divides size")

  /// The half that is shown of a pair.
  static let shown = ModelOption(
    path: "context.shown", .word(PairHalf.allCases.map(\.rawValue)), default: PairHalf.left,
    synonyms: ["direction"],
    help: "the half of a pair that the generator is shown; it makes the other")

  static let family = family(narrowings: DCGANOptions.family.narrowings)
  static let familyOfVolumes = family(narrowings: VoxelGANOptions.family.narrowings)

  private static func family(narrowings: [ModelFamilyOptions.Narrowing]) -> ModelFamilyOptions {
    let (widths, loss) = (DCGANOptions.self, AdversarialOptions.self)
    return ModelFamilyOptions(
      networks: DCGANOptions.family.networks,
      keys: [
        widths.generatorFeatures.key, widths.discriminatorFeatures.key, widths.discriminatorBias.key,
        kind.key, hidden.key, factor.key, shown.key, reconstructionWeight.key,
        loss.loss.key, loss.labelSmoothing.key, loss.clip.key, loss.spectralNorm.key, loss.r1Weight.key,
        loss.r1Every.key,
      ], narrowings: narrowings)
  }
}

extension ContextRule.Kind: OptionConvertible {}

extension PairHalf: OptionConvertible {}

extension Options {
  /// How contexts are cut from samples; nil of a family that does not complete any.
  package var context: ContextRule? {
    let keys = Pix2PixOptions.self
    return model.value(of: keys.kind).map {
      ContextRule(
        $0, hidden: Float(model[keys.hidden]), factor: model[keys.factor], shown: model[keys.shown])
    }
  }

  /// Whether the data are pairs of images side by side.
  var arePairs: Bool { context?.kind == .pair }
}

extension OptionsResolution {
  /// Blocks fill a sample, only colours can be made grey, and pairs are of one's own images.
  mutating func checkContext() {
    let keys = Pix2PixOptions.self
    guard let setting = settings[keys.kind.key.path] else { return }
    switch ContextRule.Kind(setting.value) {
    case .box, .piece: return
    case .coarse:
      guard let size = settings["size"], let factor = settings[keys.factor.key.path],
        Int(size.value) % Int(factor.value) != 0
      else { return }
      report(
        "samples of \(Int(size.value)) places a side cannot be cut into blocks of \(Int(factor.value))",
        factor.layer >= size.layer ? factor.origin : size.origin,
        "give a \(keys.factor.key.path) that divides size")
    case .grey:
      guard let channels = settings["channels"], Int(channels.value) != 3 else { return }
      let areVolumes = schema.family?.definition.modelsVolumes == true
      report(
        "\(keys.kind.key.path) is grey, but samples have no colours", setting.origin,
        areVolumes ? "use another \(keys.kind.key.path)" : "give channels=3")
    case .pair: checkPairs(setting)
    }
  }

  private mutating func checkPairs(_ kind: Setting) {
    let path = Pix2PixOptions.kind.key.path
    if schema.family?.definition.modelsVolumes == true {
      report("\(path) is pair, but the data are volumes", kind.origin, "use another \(path)")
    } else if let data = settings["data"], !DataSource(data.value).isPath {
      report(
        "\(path) is pair, but \(data.value.canonicalText) has none", kind.origin,
        "give data=FOLDER, of images that are pairs side by side")
    } else if let stack = settings["dataset.stack"], Int(stack.value) > 1 {
      report("dataset.stack is given, but the data are pairs", stack.origin, "remove it")
    }
  }
}
