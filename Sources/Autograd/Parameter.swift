public import TensorCore

/// A trained tensor of a layer: a range of its network's flat buffer once a ``ParameterStore`` has taken it.
public final class Parameter {
  /// The extents, in PyTorch's layout (convolutions `[Cout, Cin, k…]`).
  public let shape: Shape
  /// What the values start from.
  public let initializer: Initializer
  private var binding: (store: Unowned, ordinal: Int, offset: Int)?

  private struct Unowned {
    unowned let store: ParameterStore
  }

  /// A parameter that no network owns yet.
  public init(_ shape: Shape, _ initializer: Initializer) {
    self.shape = shape
    self.initializer = initializer
  }

  func bind(to store: ParameterStore, ordinal: Int, offset: Int) {
    precondition(binding == nil, "a parameter belongs to one network")
    binding = (Unowned(store: store), ordinal, offset)
  }

  private var bound: (store: Unowned, ordinal: Int, offset: Int) {
    guard let binding else {
      preconditionFailure("a layer is used before a ParameterStore took its parameters")
    }
    return binding
  }

  /// The network that owns the parameter.
  public var store: ParameterStore { bound.store.store }
  /// The position in declaration order.
  public var ordinal: Int { bound.ordinal }
  /// The elements in the network's flat buffer.
  public var range: Range<Int> { bound.offset..<(bound.offset + shape.count) }
  /// The current value, a view of the flat buffer; waits for a pending update.
  public var value: Tensor { store.value(of: self) }
}

/// A tensor of a layer that is not trained by gradients: running statistics.
public final class Buffer {
  /// The extents.
  public let shape: Shape
  /// The value at the start of a run.
  public let initialValue: Float
  private unowned var store: ParameterStore?
  private var offset = 0

  /// A buffer that no network owns yet.
  public init(_ shape: Shape, initialValue: Float) {
    self.shape = shape
    self.initialValue = initialValue
  }

  func bind(to store: ParameterStore, offset: Int) {
    precondition(self.store == nil, "a buffer belongs to one network")
    self.store = store
    self.offset = offset
  }

  /// The elements in the network's flat buffer of buffers.
  public var range: Range<Int> { offset..<(offset + shape.count) }

  /// The current value, a view.
  public var value: Tensor {
    guard let store else { preconditionFailure("a layer is used before a ParameterStore took its buffers") }
    return store.value(of: self)
  }

  /// Moves the value toward `observed`, without waiting for a pending update, whose part this is: value ←
  /// (1 - momentum) · value + momentum · observed.
  public func update(toward observed: UnsafePointer<Float>, momentum: Float) {
    guard let store else { preconditionFailure("a layer is used before a ParameterStore took its buffers") }
    let pointer = store.buffers.pointer + offset
    for i in 0..<shape.count { pointer[i] = (1 - momentum) * pointer[i] + momentum * observed[i] }
    store.buffers.invalidateDerived()
  }
}

/// How a parameter starts.
public enum Initializer: Hashable, Sendable {
  /// Every element the same.
  case constant(Float)
  /// Normal with the given mean and standard deviation.
  case normal(mean: Float, deviation: Float)
  /// Uniform in (-bound, bound).
  case uniform(bound: Float)

  /// The initial values of parameter `ordinal` of a run.
  public func values(_ shape: Shape, seed: UInt64, ordinal: Int) -> Tensor {
    let noise = KeyedNoise(seed: seed, purpose: .parameters, turn: ordinal)
    switch self {
    case .constant(let value): return Tensor(repeating: value, shape: shape)
    case .normal(let mean, let deviation): return Self.scale(noise.normal(shape), by: deviation, adding: mean)
    case .uniform(let bound): return Self.scale(noise.uniform(shape), by: 2 * bound, adding: -bound)
    }
  }

  /// In place: networks can be large against the memory that training takes.
  private static func scale(_ numbers: consuming Tensor, by factor: Float, adding term: Float) -> Tensor {
    let count = numbers.count
    numbers.withUnsafeMutablePointer { for i in 0..<count { $0[i] = $0[i] * factor + term } }
    return numbers
  }
}

/// The per-channel means and unbiased variances that a normalisation layer saw in one pass, of each of its
/// parts.
public struct BatchStatistics {
  /// The layer's running mean, `[C]`.
  public let runningMean: Buffer
  /// The layer's running variance, `[C]`.
  public let runningVariance: Buffer
  /// The weight of one observation in the running statistics.
  public let momentum: Float
  /// The observed means, `[parts, C]`.
  public let mean: Tensor
  /// The observed unbiased variances, `[parts, C]`.
  public let variance: Tensor

  /// The channels of the layer.
  public var channels: Int { mean.shape.channels }

  /// What a layer saw.
  public init(runningMean: Buffer, runningVariance: Buffer, momentum: Float, mean: Tensor, variance: Tensor) {
    self.runningMean = runningMean
    self.runningVariance = runningVariance
    self.momentum = momentum
    self.mean = mean
    self.variance = variance
  }
}
