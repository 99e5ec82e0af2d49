/// Float32 values in row-major order: a value type over shared storage. Activations are NHWC.
///
/// A tensor is a contiguous range of a ``TensorStorage``; a view of a flat parameter buffer is one that
/// starts within it.
public struct Tensor: Sendable {
  /// The extents, outermost first.
  public let shape: Shape
  /// Where the elements are, shared with other tensors.
  package var storage: TensorStorage
  /// The first element's place in it.
  package let offset: Int

  /// A view of `shape.count` elements of `storage` from `offset` on.
  public init(viewOf storage: TensorStorage, offset: Int, shape: Shape) {
    precondition(offset >= 0 && offset + shape.count <= storage.count, "a view lies within its storage")
    self.storage = storage
    self.offset = offset
    self.shape = shape
  }

  /// New storage whose elements `initialize` must all write.
  public init(
    _ shape: Shape, initializingWith initialize: (UnsafeMutablePointer<Float>) throws -> Void
  ) rethrows {
    self.init(viewOf: TensorStorage(count: shape.count), offset: 0, shape: shape)
    try initialize(storage.pointer)
  }

  /// The elements of a view that is written over, or new storage, all of which `initialize` must write.
  /// - Parameter room: a view of this shape that nobody else reads or writes meanwhile; nil for new storage.
  package init(
    _ shape: Shape, in room: Tensor?,
    initializingWith initialize: (UnsafeMutablePointer<Float>) throws -> Void
  ) rethrows {
    guard let room else {
      try self.init(shape, initializingWith: initialize)
      return
    }
    precondition(room.shape == shape, "a result \(shape) does not fit \(room.shape)")
    self = room
    try initialize(room.storage.pointer + room.offset)
  }

  /// Every element equal to `value`.
  public init(repeating value: Float, shape: Shape) {
    self.init(shape) { $0.update(repeating: value, count: shape.count) }
  }

  /// A scalar, of shape `[]`.
  public init(_ value: Float) {
    self.init(repeating: value, shape: .scalar)
  }

  /// The elements of `values` in row-major order.
  /// - Precondition: `values.count == shape.count`.
  public init(_ values: [Float], shape: Shape) {
    precondition(values.count == shape.count, "\(values.count) values do not fill \(shape)")
    self.init(shape) { pointer in
      values.withUnsafeBufferPointer {
        if let base = $0.baseAddress { pointer.update(from: base, count: $0.count) }
      }
    }
  }

  /// The number of elements.
  public var count: Int { shape.count }

  /// The elements in row-major order.
  public var scalars: [Float] {
    withUnsafeBufferPointer { Array($0) }
  }

  /// The only element.
  /// - Precondition: there is exactly one.
  public var scalar: Float {
    precondition(count == 1, "a tensor of shape \(shape) is no scalar")
    return withUnsafeBufferPointer { $0[0] }
  }

  /// Reads the elements; the pointer is valid within `body` only.
  public func withUnsafeBufferPointer<R, E>(
    _ body: (UnsafeBufferPointer<Float>) throws(E) -> R
  ) throws(E) -> R {
    try withExtendedLifetime(storage) { () throws(E) in
      try body(UnsafeBufferPointer(start: storage.pointer + offset, count: count))
    }
  }

  /// Reads the elements through a bare pointer; it is valid within `body` only.
  public func withUnsafePointer<R>(_ body: (UnsafePointer<Float>) throws -> R) rethrows -> R {
    try withExtendedLifetime(storage) { try body(UnsafePointer(storage.pointer + offset)) }
  }

  /// Writes the elements in place, after a copy if the storage is shared.
  public mutating func withUnsafeMutablePointer<R>(
    _ body: (UnsafeMutablePointer<Float>) throws -> R
  ) rethrows -> R {
    if !isKnownUniquelyReferenced(&storage) {
      self = copied()
    }
    storage.invalidateDerived()
    let pointer = storage.pointer + offset
    return try withExtendedLifetime(storage) { try body(pointer) }
  }

  /// The same elements in storage of their own.
  public func copied() -> Tensor {
    Tensor(shape) { result in withUnsafePointer { result.update(from: $0, count: count) } }
  }

  /// The same elements under another shape; no element moves.
  /// - Precondition: the counts are equal.
  public func reshaped(_ shape: Shape) -> Tensor {
    precondition(shape.count == count, "\(self.shape) cannot be seen as \(shape)")
    return Tensor(viewOf: storage, offset: offset, shape: shape)
  }

  /// Rows `range` of the outermost axis, as a view.
  /// - Precondition: they are among this tensor's rows.
  public func rows(_ range: Range<Int>) -> Tensor {
    precondition(range.lowerBound >= 0 && range.upperBound <= shape[0], "rows \(range) of \(shape)")
    let rowLength = count / max(shape[0], 1)
    return Tensor(
      viewOf: self, from: range.lowerBound * rowLength,
      shape: Shape([range.count] + shape.extents.dropFirst()))
  }
}

extension Tensor {
  /// A view of `shape.count` elements of another tensor from element `start` on.
  public init(viewOf tensor: Tensor, from start: Int, shape: Shape) {
    precondition(start >= 0 && start + shape.count <= tensor.count, "a view lies within its tensor")
    self.init(viewOf: tensor.storage, offset: tensor.offset + start, shape: shape)
  }
}

/// Reads the elements of two tensors through bare pointers; they are valid within `body` only.
package func withUnsafePointers(
  _ first: Tensor, _ second: Tensor, _ body: (UnsafePointer<Float>, UnsafePointer<Float>) -> Void
) {
  first.withUnsafePointer { first in second.withUnsafePointer { second in body(first, second) } }
}

/// Reads the elements of three tensors; see ``withUnsafePointers(_:_:_:)``.
func withUnsafePointers(
  _ first: Tensor, _ second: Tensor, _ third: Tensor,
  _ body: (UnsafePointer<Float>, UnsafePointer<Float>, UnsafePointer<Float>) -> Void
) {
  withUnsafePointers(first, second) { first, second in
    third.withUnsafePointer { third in body(first, second, third) }
  }
}
