public import TensorCore

/// A trained tensor of a layer: a range of its network's flat buffer once a ``ParameterStore`` has taken it.
public final class Parameter {
  /// The extents, in PyTorch's layout (convolutions `[Cout, Cin, k…]`).
  public let shape: Shape
  /// What the values start from.
  public let initializer: Initializer
  private unowned var owner: ParameterStore?
  private var place = (ordinal: 0, offset: 0)

  /// A parameter that no network owns yet.
  public init(_ shape: Shape, _ initializer: Initializer) {
    self.shape = shape
    self.initializer = initializer
  }

  func bind(to store: ParameterStore, ordinal: Int, offset: Int) {
    precondition(owner == nil, "a parameter belongs to one network")
    owner = store
    place = (ordinal, offset)
  }

  /// The network that owns the parameter.
  public var store: ParameterStore {
    guard let owner else {
      preconditionFailure("a layer is used before a ParameterStore took its parameters")
    }
    return owner
  }
  /// The position in declaration order.
  public var ordinal: Int { place.ordinal }
  /// The elements in the network's flat buffer.
  public var range: Range<Int> { place.offset..<(place.offset + shape.count) }
  /// The current value, a view of the flat buffer; waits for a pending update.
  public var value: Tensor { store.value(of: self) }
}
