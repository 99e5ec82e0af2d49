/// The values of one IDX file, plain (mapped into memory) or gzip (inflated once). What the file holds must be exactly
/// what its header says.
struct IDXFile: Sendable {
  let path: FilePath
  let header: IDXHeader
  private let region: ByteRegion

  /// The values, outermost axis first.
  var values: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: region.bytes[header.byteCount...]) }

  /// - Parameter rank: the number of axes that the file must have.
  init(_ path: FilePath, rank: Int, limits: DatasetLimits) throws(DatasetError) {
    let file = try OpenFile(path)
    let mapped = try ByteRegion(mapping: file)
    self.path = path
    if GzipStream.isGzip(mapped.bytes) {
      (header, region) = try Self.inflate(mapped.bytes, rank: rank, path: path, limits: limits)
    } else {
      let start = UnsafeRawBufferPointer(rebasing: mapped.bytes.prefix(IDXHeader.byteCount(rank: rank)))
      header = try IDXHeader(start, rank: rank, path: path, limits: limits)
      let held = mapped.bytes.count - header.byteCount
      guard held >= header.payload else { throw Self.truncated(header, path, held: held) }
      guard held == header.payload else { throw Self.tooLong(header, path) }
      region = mapped
    }
  }

  private static func inflate(
    _ compressed: UnsafeRawBufferPointer, rank: Int, path: FilePath, limits: DatasetLimits
  ) throws(DatasetError) -> (IDXHeader, ByteRegion) {
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
    let memory = UnsafeMutableRawBufferPointer.allocate(
      byteCount: header.byteCount + header.payload, alignment: 64)
    let region = ByteRegion(owning: memory)
    memory.copyMemory(from: UnsafeRawBufferPointer(start))
    let held = try stream.inflate(into: UnsafeMutableRawBufferPointer(rebasing: memory[header.byteCount...]))
    guard held == header.payload else { throw truncated(header, path, held: held) }
    // One byte more must not come; asking for it also makes zlib check the CRC at the end.
    let excess = try stream.inflate(into: UnsafeMutableRawBufferPointer(rebasing: start[..<1]))
    guard excess == 0 else { throw tooLong(header, path) }
    return (header, region)
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
