import Autograd
import Checkpoints
import Interchange
import Models

/// Weights that a run begins with instead of random ones.
enum InitialWeights {
  /// Reads the files that the options name into the networks of `state`, which has its random start; averages
  /// begin equal to their networks.
  /// - Returns: for people, what was taken from where; none without such files.
  /// - Throws: `CheckpointError` that lists what does not fit.
  static func load(into state: RunState, _ options: Options) throws -> [String] {
    var notes: [String] = []
    for network in state.model.networks {
      guard let path = options.initial.files[network.name] else { continue }
      let transfer = try TransferWeights.load(
        path, into: network.store, isPartial: options.initial.partial ?? false)
      network.settle()
      network.average?.copy(from: network.store)
      let rest = transfer.differences.isEmpty ? "" : ", \(transfer.differences)"
      notes.append("\(network.name): \(transfer.taken) tensors of \(path)\(rest)")
    }
    return notes
  }
}
