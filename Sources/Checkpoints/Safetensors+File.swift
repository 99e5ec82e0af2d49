extension Safetensors {
  /// More than this is refused: no network here is larger, and the file is held in memory.
  private static let maximumFileSize = 16 << 30

  /// Reads a safetensors file, such as `safetensors.torch.save_file` writes, plain or in a zstd frame, as
  /// checkpoints have it; links are followed.
  ///
  /// - Throws: ``CheckpointError``: `notFound`, `inputOutput`, or `damaged` naming the tensor and the byte.
  public init(contentsOf path: String) throws(CheckpointError) {
    let bytes = try Self.advising(isPlain: true) { () throws(CheckpointError) in
      let file = try InputFile(path: path)
      guard file.size <= Self.maximumFileSize else {
        throw CheckpointError(.damaged, "a file of \(file.size) bytes is too large", path: path)
      }
      return try file.contents(limit: file.size)
    }
    if bytes.starts(with: [0x50, 0x4B, 0x03, 0x04]) {
      throw CheckpointError(
        .damaged, "an archive of torch.save, not safetensors", path: path,
        advice: "write the state_dict with safetensors.torch.save_file")
    }
    let isPlain = !bytes.starts(with: ZstdFrame.magic)
    self = try Self.advising(isPlain: isPlain) { () throws(CheckpointError) in
      try Safetensors(decoding: Self.content(of: bytes, path), path: path)
    }
  }

  /// What a damaged file is answered with: it is no checkpoint, of which there would be an older one.
  /// - Parameter isPlain: whether the content is the file itself, whose bytes places in it are then.
  private static func advising<T>(
    isPlain: Bool, _ read: () throws(CheckpointError) -> T
  ) throws(CheckpointError) -> T {
    do { return try read() } catch {
      guard error.kind == .damaged else { throw error }
      var located = error
      if isPlain, case .content(let byte) = error.offset { located.offset = .file(byte) }
      throw located.advisingByDefault(
        "give a whole file of safetensors, such as safetensors.torch.save_file writes")
    }
  }

  /// What is in a frame, or the bytes themselves if they are none.
  private static func content(of bytes: [UInt8], _ path: String) throws(CheckpointError) -> [UInt8] {
    guard bytes.starts(with: ZstdFrame.magic) else { return bytes }
    // Weights are noise and do not shrink to a hundredth.
    guard let size = ZstdFrame.announcedSize(of: bytes),
      size <= min(maximumFileSize, max(64 << 20, 100 * bytes.count))
    else {
      throw CheckpointError(
        .damaged, "a zstd frame that does not say how large its content is, or is too large", path: path)
    }
    return try ZstdFrame.decompress(bytes, expectedSize: size, path: path)
  }
}
