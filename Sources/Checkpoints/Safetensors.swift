public import TensorCore

/// Named tensors in the safetensors format, as `safetensors.torch.load_file` and `load_state_dict` take them.
///
/// Float32 is the type of every weight; I64 and U8 are kept as integers and bytes. Other types are refused.
public struct Safetensors: Sendable {
  /// The tensors, in the order of the file.
  public var tensors: [NamedTensor]
  /// Free text that travels in the header.
  public var metadata: [String: String]

  /// Tensors to be encoded in the given order.
  /// - Precondition: on encoding, names are unique and none is `__metadata__`.
  public init(_ tensors: [NamedTensor], metadata: [String: String] = [:]) {
    self.tensors = tensors
    self.metadata = metadata
  }

  /// The Float32 tensor under `name`, or nil.
  public subscript(name: String) -> Tensor? {
    tensors.first { $0.name == name }?.tensor
  }

  /// The whole file: header, then the data in order, little-endian, beginning at a multiple of 8 bytes.
  public func encoded() -> [UInt8] {
    var (_, bytes) = SafetensorsHeader.encoding(tensors.map(\.line), metadata: metadata)
    for tensor in tensors { tensor.withBytes { bytes.append(contentsOf: $0) } }
    return bytes
  }

  /// Reads a whole file from bytes that may be anything.
  ///
  /// - Parameter path: what errors call the file.
  /// - Throws: ``CheckpointError`` of kind `damaged`, naming the file, the tensor and the byte.
  public init(decoding bytes: [UInt8], path: String) throws(CheckpointError) {
    let header = try SafetensorsHeader(parsing: bytes, path: path)
    metadata = header.metadata
    tensors = header.entries.map { entry in
      let start = header.byteCount + entry.range.lowerBound
      let value: NamedTensor.Value = bytes.withUnsafeBytes { bytes in
        let source = UnsafeRawBufferPointer(rebasing: bytes[start..<start + entry.range.count])
        switch entry.type {
        case .float32:
          return .float32(
            Tensor(entry.shape) {
              UnsafeMutableRawBufferPointer(start: $0, count: source.count).copyMemory(from: source)
            })
        case .int64:
          let values = [Int64](unsafeUninitializedCapacity: entry.shape.count) { buffer, count in
            UnsafeMutableRawBufferPointer(buffer).copyMemory(from: source)
            count = entry.shape.count
          }
          return .int64(values, shape: entry.shape)
        case .uint8:
          return .uint8(Array(source), shape: entry.shape)
        }
      }
      return NamedTensor(name: entry.name, value: value)
    }
  }
}
