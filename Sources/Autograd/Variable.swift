public import TensorCore

/// A tensor on a ``Tape``. Operations on variables compute at once; those that depend on a watched value are
/// recorded. `variable.value` is the tensor alone: taking it is what detaching means.
public struct Variable {
  /// The computed value.
  public let value: Tensor
  /// The tape that operations on this variable are recorded on.
  public let tape: Tape
  /// The position on the tape; nil for a constant.
  let node: Int?

  init(_ value: Tensor, on tape: Tape, node: Int?) {
    self.value = value
    self.tape = tape
    self.node = node
  }

  /// The extents of the value.
  public var shape: Shape { value.shape }

  /// Whether a derivative can flow through this variable.
  public var isRecorded: Bool { node != nil }

  /// A tensor as a constant on the same tape.
  public func constant(_ value: Tensor) -> Variable {
    tape.constant(value)
  }

  /// This value as a constant on the same tape.
  public var detached: Variable { tape.constant(value) }
}
