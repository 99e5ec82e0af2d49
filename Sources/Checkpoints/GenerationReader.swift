import Platform

/// Reads one generation's folder and holds it against its manifest.
struct GenerationReader: ~Copyable {
  let manifest: Manifest
  private let folder: Folder
  private static let maximumManifestSize = 64 << 20

  /// Reads the manifest.
  /// - Throws: ``CheckpointError`` of kind `damaged` where there is no whole manifest, and here as in every
  ///   other method `notFound` where the folder has been removed since it was opened.
  init(_ folder: consuming Folder) throws(CheckpointError) {
    let file = try Self.file(Manifest.fileName, in: folder)
    manifest = try Manifest(
      parsing: file.contents(limit: Self.maximumManifestSize), path: file.path)
    self.folder = folder
  }

  /// The path of the folder.
  var path: String { folder.path }

  /// Whether every file is there in its full size.
  var isComplete: Bool {
    for entry in manifest.files {
      guard (try? folder.file(entry.name).size) == entry.bytes else { return false }
    }
    return true
  }

  /// Compares every byte with the manifest's digests.
  /// - Parameter noteProgress: called for each piece.
  func verify(noting noteProgress: () -> Void = {}) throws(CheckpointError) {
    for entry in manifest.files {
      let file = try Self.file(entry.name, in: folder)
      let hash = SHA256()
      if file.size == entry.bytes {
        try file.forEachPiece {
          noteProgress()
          hash.update($0)
        }
        if hash.digest() == entry.sha256 { continue }
      }
      // Reading the content finds where the damage is, and throws.
      _ = try content(of: entry, verify: true)
    }
  }

  /// The tensors of a file.
  func tensors(of entry: Manifest.File, verify: Bool) throws(CheckpointError) -> Safetensors {
    try Safetensors(decoding: content(of: entry, verify: verify), path: folder.path + "/" + entry.name)
  }

  private func content(of entry: Manifest.File, verify: Bool) throws(CheckpointError) -> [UInt8] {
    let file = try Self.file(entry.name, in: folder)
    var decompressor = ZstdDecompressor(expectedSize: entry.uncompressedBytes, path: file.path)
    let hash = SHA256()
    do throws(CheckpointError) {
      try file.forEachPiece { (piece) throws(CheckpointError) in
        if verify { hash.update(piece) }
        try decompressor.decompress(piece)
      }
      try decompressor.finish()
      guard file.size == entry.bytes else {
        throw CheckpointError(.damaged, "\(file.size) bytes instead of \(entry.bytes)", path: file.path)
      }
    } catch {
      guard error.kind == .damaged else { throw error }
      throw located(error, in: entry, content: decompressor.content, size: file.size)
    }
    if verify, hash.digest() != entry.sha256 {
      let error = CheckpointError(
        .damaged, "not what was written: the SHA-256 differs from the manifest's", path: file.path)
      throw located(error, in: entry, content: decompressor.content, size: file.size)
    }
    return decompressor.content
  }

  /// Opens a file that belongs to every generation, or to this one by its manifest. A run that goes on
  /// removes old generations while others read them; that is no damage.
  private static func file(_ name: String, in folder: borrowing Folder) throws(CheckpointError) -> InputFile {
    do throws(CheckpointError) {
      return try folder.file(name)
    } catch {
      guard folder.isInPlace else {
        throw CheckpointError(
          .notFound, "it was removed while it was read", path: folder.path,
          advice: "try again: a run that goes on has a newer one")
      }
      guard error.kind == .notFound else { throw error }
      throw CheckpointError(.damaged, "not a whole checkpoint: there is no \(name)", path: folder.path)
    }
  }

  /// Names the first tensor whose bytes are not all there or not those that were written.
  private func located(
    _ error: CheckpointError, in entry: Manifest.File, content: [UInt8], size: Int
  ) -> CheckpointError {
    let damaged = entry.tensors.first { tensor in
      let end = tensor.offset + tensor.bytes
      guard end <= content.count else { return true }
      return content.withUnsafeBytes {
        SHA256.digest(of: UnsafeRawBufferPointer(rebasing: $0[tensor.offset..<end])) != tensor.sha256
      }
    }
    let problem = size < entry.bytes ? "truncated at byte \(size) of \(entry.bytes)" : error.problem
    var offset = error.offset
    if size < entry.bytes {
      offset = .file(size)
    } else if let damaged, damaged.offset + damaged.bytes <= content.count {
      offset = .content(damaged.offset)
    }
    return CheckpointError(.damaged, problem, path: error.path, tensor: damaged?.name, offset: offset)
  }
}
