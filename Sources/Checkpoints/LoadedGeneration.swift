public import TensorCore

/// A generation in memory.
public struct LoadedGeneration: Sendable {
  /// What it says about itself.
  public let manifest: Manifest
  /// The folder that it was read from.
  public let path: String
  /// The content of each file, in the manifest's order.
  public let files: [TensorFile]

  init(_ reader: consuming GenerationReader, verify: Bool) throws(CheckpointError) {
    manifest = reader.manifest
    path = reader.path
    var files: [TensorFile] = []
    for entry in manifest.files {
      let content = try reader.tensors(of: entry, verify: verify)
      files.append(
        try TensorFile(decoding: content, name: entry.stem, after: files, path: path + "/" + entry.name))
    }
    self.files = files
  }

  /// The file called `name`, such as `generator`, or nil.
  public subscript(name: String) -> TensorFile? {
    files.first { $0.name == name }
  }

  /// The tensors of a file, in the order in which a model declares them, after the check that they are just
  /// those.
  ///
  /// - Parameters:
  ///   - expected: the Float32 tensors that the model has, with their shapes.
  ///   - file: the file's name, such as `generator`.
  /// - Throws: ``CheckpointError`` of kind `otherModel`, which lists what is missing, unexpected and of
  ///   another shape.
  public func tensors(
    _ expected: [(name: String, shape: Shape)], in file: String
  ) throws(CheckpointError) -> [Tensor] {
    guard let found = self[file] else {
      let names = files.map(\.name).joined(separator: " ")
      throw CheckpointError(
        .otherModel, "a checkpoint of another model: there is no \(file), only \(names)", path: path)
    }
    let differences = ModelDifferences(expected: expected, found: found.tensors)
    guard differences.isEmpty else {
      throw CheckpointError(
        .otherModel, "a checkpoint of another model (\(manifest.info.model)): \(differences)",
        path: path + "/" + file + TensorFile.fileExtension)
    }
    let byName = Dictionary(uniqueKeysWithValues: found.tensors.map { ($0.name, $0) })
    return expected.compactMap { byName[$0.name]?.tensor }
  }
}
