import Platform
import TensorCore

extension TensorFile {
  /// Writes the file into `folder`, encoding, compressing and digesting while writing, and makes its content
  /// durable.
  ///
  /// - Parameter earlier: the generation's files before this one.
  /// - Returns: what the manifest says about it.
  func write(
    into folder: String, after earlier: some Collection<TensorFile>, fileSystem: FileSystem
  ) throws(CheckpointError) -> Manifest.File {
    let fileName = name + Self.fileExtension
    let output = try fileSystem.createFile(folder + "/" + fileName)
    let (header, headerBytes) = SafetensorsHeader.encoding(storedLines, metadata: storedMetadata)
    let bases = bases(in: earlier)
    let size = header.byteCount + (header.entries.last?.range.upperBound ?? 0)
    var compressor = ZstdCompressor(size: size, isNoise: encoding == .planes)
    let hash = SHA256()
    var written = 0
    func emit(_ bytes: UnsafeRawBufferPointer) throws(CheckpointError) {
      hash.update(bytes)
      written += bytes.count
      try output.write(bytes)
    }
    try headerBytes.withRawBytes { bytes throws(CheckpointError) in
      try compressor.compress(bytes, sink: emit)
    }
    var ranges: [Manifest.TensorRange] = []
    for (tensor, entry) in zip(tensors, header.entries) {
      let tensorHash = SHA256()
      try forEachStoredPiece(of: tensor, bases: bases) { (bytes) throws(CheckpointError) in
        tensorHash.update(bytes)
        try compressor.compress(bytes, sink: emit)
      }
      ranges.append(
        Manifest.TensorRange(
          name: tensor.name, offset: header.byteCount + entry.range.lowerBound, bytes: entry.range.count,
          sha256: tensorHash.digest()))
    }
    try output.synchronize()
    return Manifest.File(
      name: fileName, bytes: written, sha256: hash.digest(), uncompressedBytes: size, tensors: ranges)
  }

  /// The most bytes that the file can take on disk.
  package var sizeBound: Int {
    let data = tensors.reduce(0) { $0 + $1.shape.count * $1.elementType.byteCount }
    let lines = tensors.reduce(0) { $0 + $1.name.utf8.count + 200 }
    return data + data / 128 + lines + 4096
  }
}
