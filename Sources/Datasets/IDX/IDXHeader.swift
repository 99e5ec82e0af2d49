import Platform

/// The header of an IDX file of unsigned bytes (http://yann.lecun.com/exdb/mnist): two zero bytes, the type
/// 0x08, the rank, then one big-endian 32-bit extent per axis; the values follow, outermost axis first.
struct IDXHeader: Sendable {
  let extents: [Int]

  /// Bytes before the first value.
  var byteCount: Int { Self.byteCount(rank: extents.count) }

  /// Bytes of all values. Checked not to overflow.
  let payload: Int

  static func byteCount(rank: Int) -> Int { 4 + 4 * rank }

  /// Parses the first `byteCount(rank:)` bytes of a file, or fewer if it has no more.
  init(_ bytes: [UInt8], rank: Int, path: FilePath, limits: DatasetLimits) throws(DatasetError) {
    let magic: [UInt8] = [0, 0, 8, UInt8(rank)]
    guard bytes.prefix(4).elementsEqual(magic.prefix(bytes.count)) else {
      let found = bytes.prefix(4).map { Hexadecimal.text([$0]) }.joined(separator: " ")
      throw DatasetError(
        .badData,
        "not an IDX file of unsigned bytes with \(rank) axes: it begins with \(found), not 00 00 08 0\(rank)",
        path.description,
        "check the path, or fetch the file again; read are IDX, CIFAR, NPY and NPZ files, folders of PNG and JPEG images, "
          + ".tar shards and .txt")
    }
    guard bytes.count >= Self.byteCount(rank: rank) else {
      throw DatasetError(
        .badData, "truncated IDX header: \(Self.byteCount(rank: rank)) bytes are needed",
        "\(path), byte \(bytes.count)", "fetch the file again")
    }
    var extents: [Int] = []
    var product = 1
    var isTooLarge = false
    for axis in 0..<rank {
      let extent = bytes.withUnsafeBytes { $0.bigEndian32(at: 4 + 4 * axis) }
      extents.append(extent)
      let (next, overflow) = product.multipliedReportingOverflow(by: extent)
      isTooLarge = isTooLarge || overflow
      product = overflow ? Int.max : next
    }
    self.extents = extents
    payload = product
    guard product > 0 else {
      throw DatasetError(
        .badData, "0 samples: the header says \(sizes)", path.description, "use another file")
    }
    if rank == 3 {
      try limits.check(height: extents[1], width: extents[2], place: path.description)
    }
    guard !isTooLarge, product <= limits.bytes else {
      throw DatasetError(
        .badData, "the header says \(sizes), more than the limit of \(limits.bytes) bytes", path.description,
        "fetch the file again, split it, or \(DatasetLimits.moreBytes)")
    }
  }

  /// `60000 x 28 x 28`.
  var sizes: String { extents.map(String.init).joined(separator: " x ") }
}
