import Platform
public import TensorCore

/// A value with the name under which a checkpoint keeps it, such as `main.0.weight`.
public struct NamedTensor: Sendable {
  /// What a safetensors file of ours can hold.
  public enum Value: Sendable {
    /// Float32 values.
    case float32(Tensor)
    /// Signed 64-bit integers in row-major order.
    case int64([Int64], shape: Shape)
    /// Bytes in row-major order.
    case uint8([UInt8], shape: Shape)
  }

  /// The name, unique within its file.
  public let name: String
  /// The shape and the elements.
  public let value: Value

  /// A value under a name.
  /// - Precondition: integers and bytes fill their shape.
  public init(name: String, value: Value) {
    switch value {
    case .float32: break
    case .int64(let values, let shape): precondition(values.count == shape.count, "\(name) fills \(shape)")
    case .uint8(let values, let shape): precondition(values.count == shape.count, "\(name) fills \(shape)")
    }
    self.name = name
    self.value = value
  }

  /// A Float32 tensor under a name.
  public init(_ name: String, _ tensor: Tensor) {
    self.init(name: name, value: .float32(tensor))
  }

  /// The Float32 tensor, or nil for integers and bytes.
  public var tensor: Tensor? {
    if case .float32(let tensor) = value { tensor } else { nil }
  }

  /// The extents, outermost first.
  public var shape: Shape {
    switch value {
    case .float32(let tensor): tensor.shape
    case .int64(_, let shape), .uint8(_, let shape): shape
    }
  }

  /// The same value in memory that nobody else writes. Views of a flat parameter buffer change under their
  /// holder when the optimizer steps; a snapshot must not.
  func snapshot() -> NamedTensor {
    guard let tensor else { return self }
    return NamedTensor(name, tensor.copied())
  }

  var elementType: SafetensorsHeader.ElementType {
    switch value {
    case .float32: .float32
    case .int64: .int64
    case .uint8: .uint8
    }
  }

  var line: SafetensorsHeader.Line { (name, elementType, shape) }

  /// Reads the elements as they are stored: little-endian, row-major.
  func withBytes<E>(_ body: (UnsafeRawBufferPointer) throws(E) -> Void) throws(E) {
    switch value {
    case .float32(let tensor):
      try tensor.withUnsafeBufferPointer { values throws(E) in try body(UnsafeRawBufferPointer(values)) }
    case .int64(let values, _): try values.withRawBytes(body)
    case .uint8(let values, _): try values.withRawBytes(body)
    }
  }
}
