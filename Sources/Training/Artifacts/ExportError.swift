/// Why a model cannot be written in the form asked for.
package enum ExportError: Error, Equatable, CustomStringConvertible {
  /// The model has no network of that name.
  case noNetwork(String, of: [String])

  /// `what, where; what to do next`.
  package var description: String {
    switch self {
    case .noNetwork(let name, let names):
      "the model has no network called \(name.shortened); its networks are \(Prose.list(names)), or leave out --network"
    }
  }
}
