import Platform

/// Why a model cannot be written in the form asked for.
enum ExportError: ReportedError, Equatable, CustomStringConvertible {
  /// The model has no network of that name.
  case noNetwork(String, of: [String])
  /// A network has a layer that no other program is told about.
  case undescribed(network: String, layer: String, type: String, exportable: [String])
  /// A network's weights, in bytes, are more than a file of ONNX can hold.
  case tooLarge(network: String, bytes: Int)

  var exitStatus: ExitStatus {
    switch self {
    case .noNetwork: .usage
    case .undescribed, .tooLarge: .badData
    }
  }

  /// `what, where; what to do next`.
  var description: String {
    switch self {
    case .noNetwork(let name, let names):
      "the model has no network called \(name.shortened); its networks are \(Prose.list(names)), or leave out --network"
    case .undescribed(let network, let layer, let type, let exportable):
      "layers of type \(type) cannot be exported, network \(network), layer \(layer); "
        + (exportable.isEmpty
          ? "no network of this run can be, but"
          : exportable.map { "--network \($0)" }.joined(separator: " ") + " can be, and")
        + " the weights are in the checkpoint's \(network).safetensors.zst, which `zstd -d` and safetensors read"
    case .tooLarge(let network, let bytes):
      "the weights of \(network) are \(ByteCount.text(bytes)), and an ONNX file holds 2 GiB; "
        + "write them with --format safetensors, which has no such limit"
    }
  }
}
