/// One array of an NPY file, or of a member of an NPZ file.
struct NPYArray: Sendable {
  let header: NPYHeader
  let path: FilePath
  private let content: FileContent

  /// - Parameter path: what errors call the array.
  init(_ content: FileContent, path: FilePath) throws(DatasetError) {
    header = try NPYHeader(content, path: path)
    self.content = content
    self.path = path
  }

  /// The bytes of values `range`, counted in values.
  func bytes(_ range: Range<Int>) throws(DatasetError) -> [UInt8] {
    let size = header.element.byteCount
    return try content.bytes(
      header.byteCount + range.lowerBound * size..<header.byteCount + range.upperBound * size)
  }

  /// A value of some that are floats.
  func float(_ bytes: [UInt8], _ index: Int) -> Float {
    func bits<Word: FixedWidthInteger>(_: Word.Type) -> Word {
      let size = MemoryLayout<Word>.size
      return (0..<size).reduce(0) { $0 | Word(bytes[size * index + $1]) << (8 * $1) }
    }
    switch header.element {
    case .float32: return Float(bitPattern: bits(UInt32.self))
    case .float64: return Float(Double(bitPattern: bits(UInt64.self)))
    default: preconditionFailure("values of type \(header.element.rawValue) are no floats")
    }
  }

  /// Adds the type, the shape and all values to a fingerprint; calls `body` with the values of each piece.
  func add(
    to hash: borrowing ContentHash, _ body: ([UInt8], _ first: Int) throws(DatasetError) -> Void
  ) throws(DatasetError) {
    hash.add(header.element.rawValue)
    for extent in header.extents { hash.add(extent) }
    hash.add(header.payload)
    var first = 0
    try content.forEachPiece(from: header.byteCount) { (piece) throws(DatasetError) in
      piece.withUnsafeBytes { hash.update($0) }
      try body(piece, first)
      first += piece.count / header.element.byteCount
    }
  }

  /// All values as whole numbers that are not negative.
  func labels() throws(DatasetError) -> [Int] {
    guard !header.element.isFloat, header.extents.count == 1 else {
      throw DatasetError(
        .unsuitable, "labels of type \(header.element.rawValue) and shape \(header.extents)",
        path.description,
        "save them as integers of shape [N]")
    }
    let size = header.element.byteCount
    let bytes = try self.bytes(0..<header.extents[0])
    var labels: [Int] = []
    labels.reserveCapacity(header.extents[0])
    for index in 0..<header.extents[0] {
      let raw = (0..<size).reduce(UInt64(0)) { $0 | UInt64(bytes[index * size + $1]) << UInt64(8 * $1) }
      let value: Int? =
        switch header.element {
        case .int8: Int(Int8(truncatingIfNeeded: raw))
        case .int16: Int(Int16(truncatingIfNeeded: raw))
        case .int32: Int(Int32(truncatingIfNeeded: raw))
        case .int64: Int(Int64(bitPattern: raw))
        default: Int(exactly: raw)
        }
      guard let value, (0..<DatasetLimits.labels).contains(value) else {
        throw DatasetError(
          .badData, "label \(value.map(String.init) ?? String(raw)) is out of range",
          "\(path), sample \(index)",
          "correct the file")
      }
      labels.append(value)
    }
    return labels
  }

  /// The number of classes of labels that were read from this array: `wanted`, or one more than the largest.
  /// - Parameter count: the samples that have them.
  func classes(
    _ labels: [Int], count: Int, wanted: Int?, _ problems: SampleProblems
  ) throws(DatasetError) -> Int {
    guard labels.count == count else {
      throw DatasetError(
        .badData, "\(labels.count) labels for \(count) samples", path.description,
        "use arrays that belong together")
    }
    return try problems.labelCount(labels, wanted: wanted) { "\(path), sample \($0)" }
  }
}
