public import TensorCore

/// A network's parameters and buffers, each kind in one flat buffer in declaration order, so that optimizers,
/// averaging, hashing, reduction and checkpoints are operations on ranges.
public final class ParameterStore {
  /// What the network is called: `generator`.
  public let name: String
  /// The parameters in declaration order.
  public let parameters: [Parameter]
  /// The state_dict names of the parameters, such as `main.0.weight`.
  public let parameterNames: [String]
  /// The buffers in declaration order.
  public let stateBuffers: [Buffer]
  /// The state_dict names of the buffers, such as `main.1.running_mean`.
  public let bufferNames: [String]
  /// All parameters in declaration order; does not wait for a pending update.
  public private(set) var values: TensorStorage
  /// All buffers in declaration order; does not wait for a pending update.
  public let buffers: TensorStorage
  private var pending: ((Range<Int>?) -> Bool)?

  /// Takes the parameters and buffers, uninitialised.
  public init(name: String, parameters: [(String, Parameter)], buffers: [(String, Buffer)]) {
    self.name = name
    self.parameters = parameters.map(\.1)
    parameterNames = parameters.map(\.0)
    stateBuffers = buffers.map(\.1)
    bufferNames = buffers.map(\.0)
    values = TensorStorage(count: parameters.reduce(0) { $0 + $1.1.shape.count }, isLasting: true)
    self.buffers = TensorStorage(count: buffers.reduce(0) { $0 + $1.1.shape.count })
    var offset = 0
    for (ordinal, parameter) in self.parameters.enumerated() {
      parameter.bind(to: self, ordinal: ordinal, offset: offset)
      offset += parameter.shape.count
    }
    offset = 0
    for buffer in stateBuffers {
      buffer.bind(to: self, offset: offset)
      offset += buffer.shape.count
    }
  }

  /// The number of trained Float32 values.
  public var count: Int { values.count }

  /// Gives every parameter and buffer its initial value.
  /// - Parameter firstOrdinal: the number of parameters in the networks before this one, so that no two
  ///   parameters of a run share random numbers.
  public func initialize(seed: UInt64, firstOrdinal: Int) {
    for (ordinal, parameter) in parameters.enumerated() {
      let initial = parameter.initializer.values(parameter.shape, seed: seed, ordinal: firstOrdinal + ordinal)
      set(parameter, to: initial)
    }
    for buffer in stateBuffers {
      set(buffer, to: Tensor(repeating: buffer.initialValue, shape: buffer.shape))
    }
  }

  /// Sets an update that completes, part by part, as parameters are read: wait at first use.
  /// - Parameter complete: given the elements that are read, or nil if everything is, updates at least these;
  ///   returns whether nothing is left to be done. What it reads itself is as it finds it.
  public func update(whenRead complete: @escaping (_ elements: Range<Int>?) -> Bool) {
    settle()
    pending = complete
  }

  /// Completes a pending update.
  public func settle() { settle(nil) }

  private func settle(_ elements: Range<Int>?) {
    guard let complete = pending else { return }
    pending = nil
    if !complete(elements) { pending = complete }
  }

  /// All parameters as a view, `[count]`; waits for a pending update.
  public var flatValues: Tensor {
    settle()
    return Tensor(viewOf: values, offset: 0, shape: [values.count])
  }

  /// All buffers as a view; waits for a pending update.
  public var flatBuffers: Tensor {
    settle()
    return Tensor(viewOf: buffers, offset: 0, shape: [buffers.count])
  }

  /// Writes the flat parameters in place.
  public func withValues<R>(_ body: (UnsafeMutablePointer<Float>) throws -> R) rethrows -> R {
    settle()
    defer { values.invalidateDerived() }
    return try body(values.pointer)
  }

  /// Goes on in other memory, whose values are the parameters from now on.
  /// - Precondition: `storage` has room for all of them, and nothing is pending.
  public func move(to storage: TensorStorage) {
    precondition(storage.count == count, "\(storage.count) elements for \(count) parameters")
    precondition(pending == nil, "an update is on its way")
    values = storage
  }

  /// Gives a parameter a value, after a pending update.
  /// - Precondition: `value` has the parameter's shape.
  public func set(_ parameter: Parameter, to value: Tensor) {
    precondition(value.shape == parameter.shape, "\(value.shape) is not the parameter's \(parameter.shape)")
    withValues { flat in
      value.withUnsafePointer {
        (flat + parameter.range.lowerBound).update(from: $0, count: parameter.range.count)
      }
    }
  }

  /// Gives a buffer a value, after a pending update.
  /// - Precondition: `value` has the buffer's shape.
  public func set(_ buffer: Buffer, to value: Tensor) {
    precondition(value.shape == buffer.shape, "\(value.shape) is not the buffer's \(buffer.shape)")
    settle()
    value.withUnsafePointer {
      (buffers.pointer + buffer.range.lowerBound).update(from: $0, count: buffer.range.count)
    }
    buffers.invalidateDerived()
  }

  /// Takes the parameters and buffers of a network of the same architecture.
  public func copy(from other: ParameterStore) {
    precondition(other.count == count, "networks of one architecture")
    other.flatValues.withUnsafePointer { source in withValues { $0.update(from: source, count: count) } }
    copyBuffers(from: other)
  }

  /// Takes the buffers of a network of the same architecture.
  public func copyBuffers(from other: ParameterStore) {
    precondition(other.buffers.count == buffers.count, "networks of one architecture")
    settle()
    other.flatBuffers.withUnsafePointer { buffers.pointer.update(from: $0, count: buffers.count) }
    buffers.invalidateDerived()
  }

  func value(of parameter: Parameter) -> Tensor {
    settle(parameter.range)
    return Tensor(viewOf: values, offset: parameter.range.lowerBound, shape: parameter.shape)
  }

  func value(of buffer: Buffer) -> Tensor {
    settle()
    return Tensor(viewOf: buffers, offset: buffer.range.lowerBound, shape: buffer.shape)
  }

  /// Parameters and buffers by state_dict name: parameters in declaration order, then buffers.
  public var stateDictionary: [(name: String, value: Tensor)] {
    zip(parameterNames, parameters).map { ($0, $1.value) }
      + zip(bufferNames, stateBuffers).map { ($0, $1.value) }
  }
}
