import TensorCore

extension TensorFile {
  private static let planeCount = 4
  /// Elements that are encoded at a time: they and their bytes stay in a core's cache.
  private static let pieceCount = 1 << 16

  /// The lines of the header: those of planes where the tensors lie so.
  var storedLines: [SafetensorsHeader.Line] {
    guard encoding != .values else { return tensors.map(\.line) }
    return tensors.map { ($0.name, .uint8, Self.planeShape($0.shape)) }
  }

  /// The header's metadata: the encoding beside the file's own.
  var storedMetadata: [String: String] {
    metadata.merging(encoding.metadata) { _, encoding in encoding }
  }

  /// The tensors that this file's are stored as the difference to; none if they are not.
  /// - Precondition: the file with these tensors is one of `earlier`, and lies there as itself.
  func bases(in earlier: some Collection<TensorFile>) -> [String: Tensor] {
    guard case .difference(let name) = encoding else { return [:] }
    guard let file = earlier.first(where: { $0.name == name && $0.encoding == .values }) else {
      preconditionFailure(
        "\(self.name) is encoded as the difference to \(name), which does not stand before it")
    }
    return file.floats
  }

  /// Hands `body` the bytes of a tensor as they are to be written, piece by piece.
  func forEachStoredPiece(
    of tensor: NamedTensor, bases: [String: Tensor],
    _ body: (UnsafeRawBufferPointer) throws(CheckpointError) -> Void
  ) throws(CheckpointError) {
    guard encoding != .values, let values = tensor.tensor else { return try tensor.withBytes(body) }
    let base = bases[tensor.name]
    if case .difference = encoding {
      precondition(base?.shape == tensor.shape, "the base of \(tensor.name) has its shape")
    }
    let piece = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: min(Self.pieceCount, values.count))
    defer { piece.deallocate() }
    for plane in 0..<Self.planeCount {
      for start in stride(from: 0, to: values.count, by: Self.pieceCount) {
        let range = start..<min(start + Self.pieceCount, values.count)
        let bytes = UnsafeMutableBufferPointer(rebasing: piece[..<range.count])
        values.withUnsafeBufferPointer { values in
          let values = UnsafeBufferPointer(rebasing: values[range])
          guard let base else { return BytePlanes.encode(values, base: nil, plane: plane, into: bytes) }
          base.withUnsafeBufferPointer {
            BytePlanes.encode(
              values, base: UnsafeBufferPointer(rebasing: $0[range]), plane: plane, into: bytes)
          }
        }
        try body(UnsafeRawBufferPointer(bytes))
      }
    }
  }

  /// The file called `name`, from what has been read of it.
  ///
  /// - Parameter earlier: the generation's files before it.
  /// - Throws: ``CheckpointError`` of kind `damaged` if the planes or what they are the difference to are not
  ///   there, or `newerFormat` for an encoding that is not known.
  package init(
    decoding content: Safetensors, name: String, after earlier: [TensorFile], path: String
  ) throws(CheckpointError) {
    var metadata = content.metadata
    guard let encoding = TensorEncoding(taking: &metadata) else {
      throw CheckpointError(.newerFormat, "the tensors lie in an encoding that is not known", path: path)
    }
    var bases: [String: Tensor]?
    if case .difference(let base) = encoding {
      guard let file = earlier.first(where: { $0.name == base && $0.encoding == .values }) else {
        throw CheckpointError(
          .damaged, "the difference to a file \(base) that does not stand before it", path: path)
      }
      bases = file.floats
    }
    var tensors = content.tensors
    if encoding != .values {
      for index in tensors.indices {
        tensors[index] = try Self.decoded(tensors[index], bases: bases, path: path)
      }
    }
    self.init(name: name, tensors: tensors, encoding: encoding, metadata: metadata)
  }

  private static func decoded(
    _ tensor: NamedTensor, bases: [String: Tensor]?, path: String
  ) throws(CheckpointError) -> NamedTensor {
    guard case .uint8(let planes, let planeShape) = tensor.value, planeShape.rank > 0,
      planeShape[0] == planeCount
    else { throw CheckpointError(.damaged, "not four planes of bytes", path: path, tensor: tensor.name) }
    let shape = Shape(planeShape.extents.dropFirst())
    let base = bases?[tensor.name]
    guard bases == nil || base?.shape == shape else {
      throw CheckpointError(
        .damaged, "the difference to a tensor of another shape or to none", path: path, tensor: tensor.name)
    }
    let values = Tensor(shape) { pointer in
      let values = UnsafeMutableBufferPointer(start: pointer, count: shape.count)
      planes.withUnsafeBufferPointer { planes in
        if let base {
          base.withUnsafeBufferPointer { BytePlanes.decode(planes, base: $0, into: values) }
        } else {
          BytePlanes.decode(planes, base: nil, into: values)
        }
      }
    }
    return NamedTensor(tensor.name, values)
  }

  private var floats: [String: Tensor] {
    Dictionary(
      uniqueKeysWithValues: tensors.compactMap { tensor in tensor.tensor.map { (tensor.name, $0) } })
  }

  /// - Precondition: there is an axis left for the planes.
  private static func planeShape(_ shape: Shape) -> Shape { Shape([planeCount] + shape.extents) }
}
