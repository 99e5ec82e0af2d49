import Datasets
import Models
import Platform

/// The options of games with labelled data.
enum ConditionOptions {
  /// How a discriminator is told the class; see `ClassCondition.Form`.
  enum Form: String, CaseIterable, OptionConvertible {
    case none, embedding, projection, auxiliary
  }

  /// How the discriminator is told the class of a sample.
  static let form = ModelOption(
    path: "model.condition", .word(Form.allCases.map(\.rawValue)), default: Form.none,
    synonyms: ["conditional", "cond", "class_cond", "cgan"],
    help: "ask for samples by class, and tell the discriminator by this; the data need labels")
  /// Length of the class's vector behind the generator's latents.
  static let depth = ModelOption(
    path: "model.embedding", .integer(1...65_536), default: 32, unit: "numbers",
    synonyms: ["embed_dim", "n_embed", "shared_dim"],
    help: "length of the vector that tells the generator the class, with model.condition")

  static let keys = [form.key, depth.key]
}

extension ClassCondition {
  /// The condition that the options ask for; nil for none, and of a family that does not declare it.
  init?(_ options: Options) {
    guard let form = Form(rawValue: options.model[ifDeclared: ConditionOptions.form].rawValue) else {
      return nil
    }
    self.init(form, classes: options.conditionedClasses, depth: options.model[ConditionOptions.depth])
  }
}

extension OptionsResolution {
  /// A condition needs the number of classes, because networks are made without looking at data. It is that
  /// of embedded data unless given.
  mutating func checkCondition() {
    let path = ConditionOptions.form.key.path
    guard let setting = settings[path], ConditionOptions.Form(setting.value) != .none else { return }
    if let packing = settings[MinibatchOptions.packing.key.path], Int(packing.value) > 1 {
      report(
        "\(path) is given, but a pack of \(Int(packing.value)) samples has no class", setting.origin,
        "give model.packing=1, or leave \(path) out")
    }
    guard settings["dataset.labels"] == nil, !refused.contains("dataset.labels"), let data = settings["data"]
    else { return }
    switch DataSource(data.value) {
    case .pottery: derive("dataset.labels", .integer(Pottery.classNames.count))
    case .mixture(let kind): derive("dataset.labels", .integer(GaussianMixture.modes(of: kind).centres.count))
    case .path:
      report(
        "\(path) is given, but not how many classes there are", setting.origin,
        "give dataset.labels too, such as dataset.labels=10; `lockstep data info` counts them")
    }
  }
}

extension Options {
  /// How many classes samples are asked for by, in options with a condition.
  var conditionedClasses: Int {
    guard let classes = dataset.labels else {
      preconditionFailure("options with a condition say how many classes there are")
    }
    return classes
  }

  /// Checks that the data have the labels that a conditional model is trained with.
  /// - Parameter areAllUsed: whether each class has to have a sample.
  /// - Throws: `DatasetError`.
  func checkLabels(of dataset: any ImageDataset, areAllUsed: Bool) throws(DatasetError) {
    guard let form = model.value(of: ConditionOptions.form), form != .none else { return }
    let used = areAllUsed ? dataset.usedLabelCount : dataset.labelCount
    if used > 0, let classes = self.dataset.labels, classes > used {
      // A class without a sample would be learnt from nothing, and its samples be noise.
      throw DatasetError(
        .unsuitable,
        "the data have \(Count.text(used, "class", "classes")), not \(classes) as dataset.labels says",
        dataset.name,
        "give dataset.labels=\(used)")
    }
    guard dataset.labelCount == 0 else { return }
    throw DatasetError(
      .unsuitable, "the data have no labels, which model.condition=\(form.rawValue) needs", dataset.name,
      "name data with labels, such as a folder with one sub-folder a class, or leave model.condition out")
  }
}
