import Autograd
import Checkpoints
package import Datasets
package import Models
import Platform
import Reporting
import TensorCore

/// A trained classifier as a file: plain safetensors with what it was trained on and a checksum in its
/// header.
package struct StoredClassifier {
  package let network: Classifier
  package let accuracy: Double
  private let metadata: [String: String]

  /// - Parameter resize: how the images were brought to their size.
  package init(
    _ result: ClassifierTraining.Result, for dataset: any ImageDataset, resize: ResizeMode = .none
  ) {
    network = result.network
    accuracy = result.accuracy
    var metadata = [
      "format": "pt", "version": "\(ClassifierTraining.version)", "steps": "\(result.steps)",
      "data": dataset.fingerprint.description,
      "size": "\(dataset.height)", "channels": "\(dataset.channels)", "classes": "\(dataset.labelCount)",
      "sha256": SHA256.digest(of: [result.network.store.flatValues]), "accuracy": "\(result.accuracy)",
    ]
    if resize != .none { metadata["resize"] = resize.rawValue }
    self.metadata = metadata
  }

  /// The file's bytes.
  package var encoded: [UInt8] {
    Safetensors(network.store.stateDictionary.map { NamedTensor($0.name, $0.value) }, metadata: metadata)
      .encoded()
  }

  /// The bytes of a file, if it is there and can be read.
  static func bytes(of path: String) -> [UInt8]? { (try? Safetensors(contentsOf: path))?.encoded() }

  /// Nil for bytes that are none, are damaged, or are of data that are others or were resized in another way:
  /// the classifier can be trained again.
  package init?(
    decoding bytes: [UInt8], steps: Int, for dataset: any ImageDataset, resize: ResizeMode = .none
  ) {
    guard let file = try? Safetensors(decoding: bytes, path: FeatureSpaces.fileName),
      let accuracy = file.metadata["accuracy"].flatMap({ Double($0) })
    else { return nil }
    let network = Classifier(
      .init(size: dataset.height, channels: dataset.channels, classes: dataset.labelCount))
    let expected = network.store.stateDictionary.map { (name: $0.name, shape: $0.value.shape) }
    guard ModelDifferences(expected: expected, found: file.tensors).isEmpty else { return nil }
    network.take(file)
    self.init(
      ClassifierTraining.Result(network: network, accuracy: accuracy, steps: steps), for: dataset,
      resize: resize)
    guard metadata == file.metadata else { return nil }
  }

  /// How good it is, for people.
  var text: String {
    let share =
      accuracy.isFinite ? ", tells \(FixedDecimal.text(100 * accuracy, places: 2)) % of held-out samples" : ""
    return "classifier of \(network.configuration.classes) classes\(share)"
  }
}

extension Classifier {
  /// Gives the parameters the values of tensors of their names and shapes.
  /// - Precondition: the file has them.
  func take(_ file: Safetensors) {
    for (name, parameter) in zip(store.parameterNames, store.parameters) {
      guard let value = file[name] else { preconditionFailure("\(name) has been looked for") }
      store.set(parameter, to: value)
    }
  }
}
