extension Safetensors {
  /// More than this is refused: no network here is larger, and the file is held in memory.
  private static let maximumFileSize = 16 << 30

  /// Reads a plain safetensors file, such as `safetensors.torch.save_file` writes; links are followed.
  ///
  /// - Throws: ``CheckpointError``: `notFound`, `inputOutput`, or `damaged` naming the tensor and the byte.
  public init(contentsOf path: String) throws(CheckpointError) {
    let file = try InputFile(path: path)
    guard file.size <= Self.maximumFileSize else {
      throw CheckpointError(.damaged, "a file of \(file.size) bytes is too large", path: path)
    }
    let bytes = try file.contents(limit: file.size)
    try self.init(decoding: bytes, path: path)
  }
}
