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
    let shared = SharedFile(try OpenFile(path))
    self.path = path
    byteCount = shared.file.size
    let start = try shared.file.bytes(0..<min(byteCount, IDXHeader.byteCount(rank: rank)))
    if InflateStream.isGzip(start) {
      let whole = FileContent.file(shared, start: 0, count: byteCount)
      (header, content) = try Self.inflate(whole, rank: rank, path: path, limits: limits)
    } else {
      header = try IDXHeader(start, rank: rank, path: path, limits: limits)
      let held = byteCount - header.byteCount
      guard held >= header.payload else { throw Self.truncated(header, path, held: held) }
      guard held == header.payload else { throw Self.tooLong(header, path) }
      content = .file(shared, start: header.byteCount, count: header.payload)
    }
  }

  /// The values of `range`, the outermost axis first.
  func bytes(_ range: Range<Int>) throws(DatasetError) -> [UInt8] { try content.bytes(range) }

  /// All values.
  func values() throws(DatasetError) -> [UInt8] { try content.bytes(0..<content.count) }

  /// Adds all values to a hash, a piece at a time, and finds the largest; 0 where there is none.
  func largest(addingTo hash: borrowing ContentHash) throws(DatasetError) -> UInt8 {
    var largest: UInt8 = 0
    hash.add(content.count)
    try content.forEachPiece { piece in
      hash.update(piece)
      largest = piece.reduce(largest, max)
    }
    return largest
  }

  private static func inflate(
    _ compressed: FileContent, rank: Int, path: FilePath, limits: DatasetLimits
  ) throws(DatasetError) -> (IDXHeader, FileContent) {
    var stream = InflateStream(.gzip, compressed, place: path.description)
    let header = try IDXHeader(
      stream.bytes(IDXHeader.byteCount(rank: rank)), rank: rank, path: path, limits: limits)
    // Before memory is taken: could this file hold so much at all?
    guard header.payload / InflateStream.maximumRatio <= compressed.count else {
      throw DatasetError(
        .badData, "the header says \(header.sizes), which \(compressed.count) bytes of gzip cannot hold",
        path.description, "fetch the file again")
    }
    switch try stream.exactly(header.payload) {
    case .bytes(let values): return (header, .memory(values))
    case .short(let held): throw truncated(header, path, held: held)
    case .long: throw tooLong(header, path)
    }
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
