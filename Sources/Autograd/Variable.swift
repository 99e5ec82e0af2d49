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
  /// The equal parts that the outermost axis is divided into, each belonging to one of the tape's
  /// micro-batches, or to one kind of its samples where two alternate; 1 for a value that all of them share.
  public let parts: Int

  init(_ value: Tensor, on tape: Tape, node: Int?, parts: Int = 1) {
    self.value = value
    self.tape = tape
    self.node = node
    self.parts = parts
  }

  /// The extents of the value.
  public var shape: Shape { value.shape }

  /// Whether a derivative can flow through this variable.
  public var isRecorded: Bool { node != nil }

  /// A tensor as a constant on the same tape, divided as this variable is.
  public func constant(_ value: Tensor) -> Variable {
    Variable(value, on: tape, node: nil, parts: parts)
  }
}
