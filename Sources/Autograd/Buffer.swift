public import TensorCore

/// A tensor of a layer that is not trained by gradients: running statistics.
public final class Buffer {
  /// The extents.
  public let shape: Shape
  /// The value at the start of a run.
  let initialValue: Float
  private unowned var owner: ParameterStore?
  private var offset = 0

  /// A buffer that no network owns yet.
  public init(_ shape: Shape, initialValue: Float) {
    self.shape = shape
    self.initialValue = initialValue
  }

  func bind(to store: ParameterStore, offset: Int) {
    precondition(owner == nil, "a buffer belongs to one network")
    owner = store
    self.offset = offset
  }

  private var store: ParameterStore {
    guard let owner else { preconditionFailure("a layer is used before a ParameterStore took its buffers") }
    return owner
  }

  /// The elements in the network's flat buffer of buffers.
  public var range: Range<Int> { offset..<(offset + shape.count) }

  /// The current value, a view.
  public var value: Tensor { store.value(of: self) }

  /// Moves the value toward `observed`, without waiting for a pending update, whose part this is: value ←
  /// (1 - momentum) · value + momentum · observed.
  public func update(toward observed: UnsafePointer<Float>, momentum: Float) {
    let pointer = store.buffers.pointer + offset
    for i in 0..<shape.count { pointer[i] = (1 - momentum) * pointer[i] + momentum * observed[i] }
    store.buffers.invalidateDerived()
  }
}
