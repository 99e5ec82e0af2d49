/// The values of one IDX file, plain (read where they are needed) or gzip (inflated once). What the file
/// holds must be exactly what its header says.
struct IDXFile: Sendable {
  let path: FilePath
  let header: IDXHeader
  /// Not mapped: a file that becomes shorter must be an error, not a signal.
  private let content: FileContent
  /// The bytes of the file.
  let byteCount: Int

  /// - Parameter rank: the number of axes that the file must have.
  init(_ path: FilePath, rank: Int, limits: DatasetLimits) throws(DatasetError) {
    let file = try OpenFile(path)
    self.path = path
    byteCount = file.size
    let start = try file.bytes(0..<min(file.size, IDXHeader.byteCount(rank: rank)))
    if GzipStream.isGzip(start) {
      let compressed = try file.bytes(0..<file.size)
      (header, content) = try compressed.withUnsafeBufferPointer { bytes throws(DatasetError) in
        try Self.inflate(UnsafeRawBufferPointer(bytes), rank: rank, path: path, limits: limits)
      }
    } else {
      header = try start.withUnsafeBufferPointer { bytes throws(DatasetError) in
        try IDXHeader(UnsafeRawBufferPointer(bytes), rank: rank, path: path, limits: limits)
      }
      let held = file.size - header.byteCount
      guard held >= header.payload else { throw Self.truncated(header, path, held: held) }
      guard held == header.payload else { throw Self.tooLong(header, path) }
      content = .file(SharedFile(file), start: header.byteCount, count: header.payload)
    }
  }

  /// The values of `range`, the outermost axis first.
  func bytes(_ range: Range<Int>) throws(DatasetError) -> [UInt8] { try content.bytes(range) }

  /// All values.
  func values() throws(DatasetError) -> [UInt8] { try content.bytes(0..<content.count) }

  /// Adds all values to a hash, a piece at a time.
  func add(to hash: borrowing ContentHash) throws(DatasetError) {
    hash.add(content.count)
    try content.forEachPiece { piece in piece.withUnsafeBytes { hash.update($0) } }
  }

  private static func inflate(
    _ compressed: UnsafeRawBufferPointer, rank: Int, path: FilePath, limits: DatasetLimits
  ) throws(DatasetError) -> (IDXHeader, FileContent) {
    var stream = GzipStream(compressed, path: path)
    let start = UnsafeMutableRawBufferPointer.allocate(
      byteCount: IDXHeader.byteCount(rank: rank), alignment: 16)
    defer { start.deallocate() }
    let startCount = try stream.inflate(into: start)
    let header = try IDXHeader(
      UnsafeRawBufferPointer(rebasing: start[..<startCount]), rank: rank, path: path, limits: limits)
    // Before memory is taken: could this file hold so much at all?
    guard header.payload / GzipStream.maximumRatio <= compressed.count else {
      throw DatasetError(
        .badData, "the header says \(header.sizes), which \(compressed.count) bytes of gzip cannot hold",
        path.description, "fetch the file again")
    }
    var values = [UInt8](repeating: 0, count: header.payload)
    let held = try values.withUnsafeMutableBufferPointer { values throws(DatasetError) in
      try stream.inflate(into: UnsafeMutableRawBufferPointer(values))
    }
    guard held == header.payload else { throw truncated(header, path, held: held) }
    // One byte more must not come; asking for it also makes zlib check the CRC at the end.
    let excess = try stream.inflate(into: UnsafeMutableRawBufferPointer(rebasing: start[..<1]))
    guard excess == 0 else { throw tooLong(header, path) }
    return (header, .memory(values))
  }

  private static func truncated(_ header: IDXHeader, _ path: FilePath, held: Int) -> DatasetError {
    DatasetError(
      .badData,
      "truncated IDX file: the header says \(header.sizes) = \(header.payload) bytes, the file ends after \(held)",
      "\(path), byte \(header.byteCount + held)", "fetch the file again")
  }

  private static func tooLong(_ header: IDXHeader, _ path: FilePath) -> DatasetError {
    DatasetError(
      .badData, "bytes follow the \(header.sizes) = \(header.payload) that the header says",
      "\(path), byte \(header.byteCount + header.payload)", "fetch the file again")
  }
}
