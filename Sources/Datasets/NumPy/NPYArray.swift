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

  /// Whole values that are floats.
  func floats(_ bytes: [UInt8]) -> [Float] {
    bytes.withUnsafeBytes { bytes in
      switch header.element {
      case .float32: bytes.numbers(UInt32.self).map(Float.init(bitPattern:))
      case .float64: bytes.numbers(UInt64.self).map { Float(Double(bitPattern: $0)) }
      default: preconditionFailure("values of type \(header.element.rawValue) are no floats")
      }
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
      hash.update(piece)
      try body(piece, first)
      first += piece.count / header.element.byteCount
    }
  }

  /// All values as whole numbers that are not negative.
  func labels() throws(DatasetError) -> [Int] {
    guard !header.element.isFloat, header.element != .bool, header.extents.count == 1 else {
      throw DatasetError(
        .unsuitable, "labels of type \(header.element.rawValue) and shape \(header.extents)",
        path.description,
        "save them as integers of shape [N]")
    }
    switch header.element {
    case .uint8: return try labels(UInt8.self)
    case .int8: return try labels(Int8.self)
    case .uint16: return try labels(UInt16.self)
    case .int16: return try labels(Int16.self)
    case .uint32: return try labels(UInt32.self)
    case .int32: return try labels(Int32.self)
    case .uint64: return try labels(UInt64.self)
    case .int64: return try labels(Int64.self)
    case .bool, .float32, .float64: preconditionFailure("labels are whole numbers")
    }
  }

  private func labels<Word: FixedWidthInteger & BitwiseCopyable>(
    _: Word.Type
  ) throws(DatasetError) -> [Int] {
    let bytes = try self.bytes(0..<header.extents[0])
    let words = bytes.withUnsafeBytes { $0.numbers(Word.self) }
    if let wrong = words.firstIndex(where: { $0 < 0 || $0 >= DatasetLimits.labels }) {
      throw DatasetError(
        .badData, "label \(words[wrong]) is out of range", "\(path), sample \(wrong)", "correct the file")
    }
    return words.map { Int($0) }
  }
}
