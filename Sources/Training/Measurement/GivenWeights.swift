import Autograd
package import Checkpoints
package import Models
import TensorCore

/// A user's network of features from the names and shapes of a file's tensors; see `Classifier` for the
/// architecture.
package enum GivenWeights {
  /// - Throws: `CheckpointError` of kind `otherModel` that says what was expected.
  package static func network(
    _ file: Safetensors, path: String, size: Int, channels: Int
  ) throws(CheckpointError) -> Classifier {
    func refused(_ problem: String) -> CheckpointError {
      CheckpointError(
        .otherModel, problem, path: path,
        advice:
          "give main.0, main.2, … as 4 x 4 convolutions of stride 2, the last one over all places that are left, and "
          + "classes as a linear layer, each with weight and bias (`lockstep train --help`, quality.weights)")
    }
    let first = file["main.0.weight"]?.shape
    let inputs = first?.rank == 4 ? first![1] : channels
    guard inputs == 1 || inputs == channels else {
      throw refused("main.0.weight takes \(inputs) channels, and the images have \(channels)")
    }
    let classes = file["classes.weight"]?.shape
    var widths: [Int] = []
    while let weight = file["main.\(2 * widths.count).weight"] {
      let place = "main.\(2 * widths.count).weight"
      let isLast = file["main.\(2 * widths.count + 2).weight"] == nil
      let side = size >> widths.count
      guard isLast || side.isMultiple(of: 2) else {
        throw refused("\(place) would halve \(side) pixels (images of \(size))")
      }
      let kernel = isLast ? side : 4
      let count = weight.shape.rank == 0 ? 0 : weight.shape[0]
      // Checked before anything of this shape is made.
      guard count > 0, weight.shape == [count, widths.last ?? inputs, kernel, kernel] else {
        throw refused(
          "\(place) is \(weight.shape), not [N, \(widths.last ?? inputs), \(kernel), \(kernel)], for images of \(size) pixels"
        )
      }
      guard isLast else {
        widths.append(count)
        continue
      }
      guard classes == nil || classes!.rank == 2 && classes![0] > 0 && classes![1] == count else {
        throw refused("classes.weight is \(classes!), not [classes, \(count)]")
      }
      let network = Classifier(
        .init(size: size, channels: inputs, widths: widths, features: count, classes: classes?[0] ?? 0))
      let expected = network.store.stateDictionary.map { (name: $0.name, shape: $0.value.shape) }
      let differences = ModelDifferences(expected: expected, found: file.tensors)
      guard differences.isEmpty else {
        throw refused("the tensors are not those of a network of features: \(differences)")
      }
      network.take(file)
      guard network.store.flatValues.isFinite else { throw refused("a weight is not finite") }
      return network
    }
    throw refused("there is no main.\(2 * widths.count).weight")
  }
}
