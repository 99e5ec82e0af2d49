import Autograd
import Checkpoints
package import Datasets
package import MessagePassing
import Models
import Platform
import Quality
import Reporting
import TensorCore

/// Where the space comes from that samples are compared in.
public enum FeatureSpaceKind: String, CaseIterable, OptionConvertible {
  /// The principal components of the training samples' pixels.
  case pca
  /// The last hidden layer of a classifier that is trained on the labelled data.
  case classifier
  /// The same of a network whose weights are given.
  case weights
}

/// Spaces that networks span, and how their weights come to all ranks.
package enum FeatureSpaces {
  /// The file of a trained classifier in a run folder.
  package static let fileName = "classifier.safetensors"

  /// The reference of a run's measurements. All ranks call; what is trained or read is told to `tell` on all
  /// of them.
  ///
  /// A classifier is read from the run folder by rank 0, or trained.
  /// - Parameters:
  ///   - folder: the run folder on rank 0; nil for none.
  ///   - keepsClassifier: whether rank 0 writes a classifier that was trained to the folder, in the place of
  ///     one of other data or of another length.
  /// - Throws: `DatasetError`, `CheckpointError`, `CommunicationError`, on all ranks alike.
  package static func reference(
    _ dataset: any ImageDataset, _ options: Options, folder: String?, keepsClassifier: Bool = true,
    over communicator: any Communicator, telling tell: (String) -> Void
  ) throws -> QualityReference {
    let quality = options.quality
    let dataset = PairOriginals.of(dataset, options.context)
    switch quality.space {
    case .pca:
      return try QualityReference(
        components: quality.components, samples: quality.samples, of: dataset, isRaw: options.modelsPoints,
        over: communicator)
    case .classifier:
      let features = try classifier(
        dataset, steps: quality.classifierSteps, resize: options.dataset.resize, folder: folder,
        isKept: keepsClassifier, over: communicator, telling: tell)
      return try QualityReference(
        space: features, samples: quality.samples, of: dataset, over: communicator)
    case .weights:
      let (features, sha256) = try given(quality.weights ?? "", dataset, over: communicator, telling: tell)
      return try QualityReference(
        space: features, samples: quality.samples, weightsSHA256: sha256, of: dataset, over: communicator)
    }
  }

  /// Finds out, before a run has a folder, whether there can be such a space: labels to train on, or weights
  /// that fit, which rank 0 reads.
  /// - Throws: `DatasetError`, `CheckpointError`.
  package static func check(_ dataset: any ImageDataset, _ options: Options, rank: Int) throws {
    switch options.quality.space {
    case .pca: break
    case .classifier:
      let single = try labelled(dataset)
      try checkModes(classes: single.labelCount, parts: dataset.channels / single.channels, dataset)
    case .weights:
      guard rank == 0, let path = options.quality.weights else { return }
      let network = try GivenWeights.network(
        Safetensors(contentsOf: path), path: path, size: dataset.height, channels: dataset.channels)
      let (classes, channels) = (network.configuration.classes, network.configuration.channels)
      guard classes > 0 || !options.quality.metric.needsClasses else {
        throw CheckpointError(
          .otherModel,
          "the weights tell no classes, by which quality.metric=\(options.quality.metric.rawValue) counts",
          path: path, advice: "give weights with classes.weight and classes.bias, or another quality.metric")
      }
      try checkModes(classes: classes, parts: dataset.channels / channels, dataset)
    }
  }

  /// Refuses more modes than can be counted: 26 fakes are made for each.
  private static func checkModes(
    classes: Int, parts: Int, _ dataset: any ImageDataset
  ) throws(DatasetError) {
    let modes = (0..<parts).reduce(1.0) { product, _ in product * Double(classes) }
    guard modes > 10_000 else { return }
    throw DatasetError(
      .unsuitable,
      "\(classes) classes in \(parts) channels are more than the 10000 modes that can be counted",
      dataset.name, "name data of fewer classes, or give quality.space=pca")
  }

  /// The labelled images that a classifier is trained on: the single ones of stacks.
  private static func labelled(_ dataset: any ImageDataset) throws(DatasetError) -> any ImageDataset {
    let single = (dataset as? StackedImages)?.base ?? dataset
    guard single.labelCount > 1 else {
      throw DatasetError(
        .unsuitable, "the data have no labels to train a classifier on, which quality.space=classifier needs",
        single.name, "name labelled data, or give quality.space=pca")
    }
    return single
  }

  private static func classifier(
    _ dataset: any ImageDataset, steps: Int, resize: ResizeMode, folder: String?, isKept: Bool,
    over communicator: any Communicator, telling tell: (String) -> Void
  ) throws -> NetworkFeatures {
    let single = try labelled(dataset)
    let path = folder.map { "\($0)/\(fileName)" }
    let known = try communicator.fromCoordinator { path.flatMap { StoredClassifier.bytes(of: $0) } ?? [] }
    if let stored = StoredClassifier(decoding: known, steps: steps, for: single, resize: resize) {
      tell("\(stored.text), from \(fileName)")
      return NetworkFeatures(stored.network, named: "classifier", channels: dataset.channels)
    }
    let trained = try ClassifierTraining.train(single, steps: steps, over: communicator)
    let stored = StoredClassifier(trained, for: single, resize: resize)
    tell(stored.text)
    if communicator.rank == 0, isKept, let path {
      do {
        try AtomicFile.write(stored.encoded, to: path, durable: true)
      } catch {
        // It can be trained again.
        tell("the classifier is not kept: \(error)")
      }
    }
    return NetworkFeatures(stored.network, named: "classifier", channels: dataset.channels)
  }

  private static func given(
    _ path: String, _ dataset: any ImageDataset, over communicator: any Communicator,
    telling tell: (String) -> Void
  ) throws -> (features: NetworkFeatures, sha256: String) {
    let bytes = try communicator.fromCoordinator {
      let safetensors = try Safetensors(contentsOf: path)
      _ = try GivenWeights.network(safetensors, path: path, size: dataset.height, channels: dataset.channels)
      return safetensors.encoded()
    }
    let network = try GivenWeights.network(
      Safetensors(decoding: bytes, path: path), path: path, size: dataset.height, channels: dataset.channels)
    let classes = network.configuration.classes
    let sha256 = SHA256.digest(of: [network.store.flatValues])
    tell(
      "weights of \(path), \(network.configuration.features) features, "
        + (classes > 0 ? "\(classes) classes" : "no classes")
        + ", SHA-256 \(sha256.prefix(16))")
    return (NetworkFeatures(network, named: "weights", channels: dataset.channels), sha256)
  }
}
