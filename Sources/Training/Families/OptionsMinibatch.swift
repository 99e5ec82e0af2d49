import Models

/// The options of discriminators that see several samples at once.
enum MinibatchOptions {
  /// Samples that the discriminator judges at once.
  static let packing = ModelOption(
    "packing", .powerOfTwo(1...256), default: 1, unit: "samples", synonyms: ["pack", "pac"],
    help: "samples that the discriminator judges at once (PacGAN, Lin et al. 2018)")
  /// Minibatch standard deviation (Karras et al. 2018).
  static let deviation = ModelOption(
    path: "minibatch.deviation", .boolean, default: false, synonyms: ["minibatch_stddev", "mbstd", "stddev"],
    help: "show the discriminator the deviation of samples within a group")
  /// Minibatch discrimination (Salimans et al. 2016).
  static let kernels = ModelOption(
    path: "minibatch.kernels", .integer(0...4096), default: 0,
    synonyms: ["minibatch_discrimination", "n_kernels"],
    help: "numbers that tell the discriminator how close a sample is to the others of its group; 0 for none")
  /// Length of the vectors that a kernel compares.
  static let kernelSize = ModelOption(
    path: "minibatch.kernelSize", .integer(1...4096), default: 8, unit: "numbers",
    synonyms: ["dim_per_kernel"], help: "length of the vectors that are compared for each of these numbers")
  /// Samples of a group.
  static let group = ModelOption(
    path: "minibatch.group", .integer(2...65_536), default: 4, unit: "samples",
    synonyms: ["mbstd_group_size", "group_size"],
    help: "neighbours in the global batch that are compared; divides a micro-batch")

  static let keys = [deviation.key, kernels.key, kernelSize.key, group.key]
}

extension SampleComparison {
  /// The comparison that the options ask for; nil for none, and of a family that does not declare it.
  init?(_ options: Options) {
    let (keys, model) = (MinibatchOptions.self, options.model)
    let (showsDeviation, kernels) = (model[ifDeclared: keys.deviation], model[ifDeclared: keys.kernels])
    guard showsDeviation || kernels > 0 else { return nil }
    self.init(
      group: model[ifDeclared: keys.group], showsDeviation: showsDeviation, kernels: kernels,
      kernelSize: model[ifDeclared: keys.kernelSize])
  }
}

extension SampleComparison {
  /// What the discriminator is shown besides a sample, for people.
  var text: String {
    let shown =
      (showsDeviation ? ["the deviation of its group"] : [])
      + (kernels > 0 ? ["\(kernels) numbers of how close it is to the others"] : [])
    return "groups of \(group) neighbours: the discriminator sees with each sample "
      + shown.joined(separator: " and ")
  }
}

extension OptionsResolution {
  /// A micro-batch is cut into whole packs.
  mutating func checkPacking() {
    guard let packing = settings[MinibatchOptions.packing.key.path], let batch = settings["batch"],
      let parts = settings["microBatches"]
    else { return }
    let count = Int(batch.value) / Int(parts.value)
    guard count % Int(packing.value) != 0 else { return }
    report(
      "micro-batches of \(count) samples cannot be cut into packs of \(Int(packing.value))", packing.origin,
      "lower model.packing, or raise batch")
  }

  /// A micro-batch is cut into whole groups, of packs if there are any, so that no group is shared by ranks.
  mutating func checkGroups() {
    let keys = MinibatchOptions.self
    guard let group = settings[keys.group.key.path], let batch = settings["batch"],
      let parts = settings["microBatches"], let deviation = settings[keys.deviation.key.path],
      let kernels = settings[keys.kernels.key.path]
    else { return }
    guard Bool(deviation.value) || Int(kernels.value) > 0 else {
      guard group.layer == .commandLine, keys.group.key.fallback != .value(group.value) else { return }
      report(
        "\(keys.group.key.path) is given, but no samples are compared", group.origin,
        "give \(keys.deviation.key.path)=true or \(keys.kernels.key.path) too")
      return
    }
    let packing = settings[keys.packing.key.path].map { Int($0.value) } ?? 1
    let samples = Int(batch.value) / Int(parts.value)
    let count = samples / packing
    // Where there are no whole packs, ``checkPacking()`` has said so.
    guard samples % packing == 0, count % Int(group.value) != 0 else { return }
    report(
      "micro-batches of \(count) \(packing == 1 ? "samples" : "packs") cannot be cut into groups of "
        + "\(Int(group.value))", group.origin,
      "choose a minibatch.group that divides \(count), or raise batch")
  }
}
