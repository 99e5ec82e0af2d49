package import Autograd
package import Checkpoints
import TensorCore

/// Weights of another program, taken over by name: what `state_dict` calls them, in PyTorch's layouts.
package struct TransferWeights {
  /// The tensors that were taken.
  package let taken: Int
  /// How the file differs from the network; empty unless the transfer is partial.
  package let differences: ModelDifferences

  /// Gives the parameters and buffers of `store` the values of a safetensors file, plain or in a
  /// zstd frame.
  ///
  /// PyTorch's counters `num_batches_tracked`, which nothing here reads, are passed over.
  /// - Parameters:
  ///   - path: the file.
  ///   - isPartial: takes what fits, by name and shape, and leaves the rest as it is.
  /// - Throws: `CheckpointError`: `otherModel` with what is missing, unexpected and of another shape, before
  ///   anything is written; `damaged`; `notFound`; `inputOutput`.
  package static func load(
    _ path: String, into store: ParameterStore, isPartial: Bool
  ) throws(CheckpointError) -> TransferWeights {
    let found = try Safetensors(contentsOf: path).tensors.filter { !isCounter($0.name) }
    let expected = store.stateDictionary.map { (name: $0.name, shape: $0.value.shape) }
    let differences = ModelDifferences(expected: expected, found: found)
    let byName = Dictionary(uniqueKeysWithValues: found.map { ($0.name, $0) })
    let fitting = expected.map { name, shape in byName[name]?.tensor.flatMap { $0.shape == shape ? $0 : nil }
    }
    let taken = fitting.count { $0 != nil }
    guard differences.isEmpty || isPartial && taken > 0 else {
      let what = isPartial ? "weights of which nothing fits" : "weights of another model than"
      throw CheckpointError(
        .otherModel, "\(what) \(store.name): \(differences)", path: path,
        advice: taken > 0
          ? "give weights of this architecture, or init.partial=true to take the \(taken) tensors that fit"
          : "give weights of this architecture")
    }
    for (parameter, value) in zip(store.parameters, fitting) {
      if let value { store.set(parameter, to: value) }
    }
    for (buffer, value) in zip(store.stateBuffers, fitting.dropFirst(store.parameters.count)) {
      if let value { store.set(buffer, to: value) }
    }
    return TransferWeights(taken: taken, differences: differences)
  }

  private static func isCounter(_ name: String) -> Bool { name.hasSuffix("num_batches_tracked") }
}
