public import TensorCore

/// A first-order update rule over flat buffers. Its state is `moments`, one flat buffer each, and the number
/// of steps taken.
public protocol Optimizer: Sendable {
  /// What each moment is called in a checkpoint, in order.
  var momentNames: [String] { get }

  /// Moves `count` values by one step.
  /// - Parameters:
  ///   - gradient: the gradient, multiplied by `gradientScale` as it is read.
  ///   - moments: one buffer for each name, zero before the first step.
  ///   - average: follows the new values, if given.
  ///   - step: 1 for the first step.
  ///   - rate: what the step size is multiplied by; see ``LearningRateSchedule``.
  func step(
    values: UnsafeMutablePointer<Float>, gradient: UnsafePointer<Float>, gradientScale: Float,
    moments: [UnsafeMutablePointer<Float>], average: MovingAverage?, count: Int, step: Int,
    rate: Double)
}

extension SGD: Optimizer {
  /// The direction.
  public var momentNames: [String] { ["momentum"] }

  /// Moves the values, then the average.
  public func step(
    values: UnsafeMutablePointer<Float>, gradient: UnsafePointer<Float>, gradientScale: Float,
    moments: [UnsafeMutablePointer<Float>], average: MovingAverage?, count: Int, step: Int,
    rate: Double
  ) {
    apply(
      to: values, gradient: gradient, gradientScale: gradientScale, direction: moments[0], count: count,
      rate: rate)
    average?.move(toward: values, count: count)
  }
}

extension RMSprop: Optimizer {
  /// The mean square.
  public var momentNames: [String] { ["square"] }

  /// Moves the values, then the average.
  public func step(
    values: UnsafeMutablePointer<Float>, gradient: UnsafePointer<Float>, gradientScale: Float,
    moments: [UnsafeMutablePointer<Float>], average: MovingAverage?, count: Int, step: Int,
    rate: Double
  ) {
    apply(
      to: values, gradient: gradient, gradientScale: gradientScale, meanSquare: moments[0], count: count,
      rate: rate)
    average?.move(toward: values, count: count)
  }
}

extension Adam: Optimizer {
  /// The mean and the mean square.
  public var momentNames: [String] { ["mean", "square"] }

  /// One pass over all buffers.
  public func step(
    values: UnsafeMutablePointer<Float>, gradient: UnsafePointer<Float>, gradientScale: Float,
    moments: [UnsafeMutablePointer<Float>], average: MovingAverage?, count: Int, step: Int,
    rate: Double
  ) {
    apply(
      to: values, gradient: gradient, gradientScale: gradientScale, firstMoment: moments[0],
      secondMoment: moments[1], average: average, count: count, step: step, rate: rate)
  }
}

/// What an optimizer remembers of one network.
public struct OptimizerState {
  /// The rule.
  public let optimizer: any Optimizer
  /// The steps taken.
  public var stepCount = 0
  /// One flat buffer for each of the rule's moments.
  public private(set) var buffers: [TensorStorage]
  private let count: Int

  /// The state before the first step of a network of `count` parameters.
  public init(_ optimizer: any Optimizer, count: Int) {
    self.optimizer = optimizer
    self.count = count
    buffers = optimizer.momentNames.map { _ in TensorStorage(count: count) }
    reset()
  }

  /// The moments as views; setting them copies their values.
  /// - Precondition: as many as there are, of as many elements.
  public var moments: [Tensor] {
    get { buffers.map { Tensor(viewOf: $0, offset: 0, shape: [$0.count]) } }
    set {
      precondition(
        newValue.map(\.count) == buffers.map(\.count), "\(newValue.map(\.shape)) are not the rule's moments")
      for (buffer, values) in zip(buffers, newValue) {
        values.withUnsafePointer { buffer.pointer.update(from: $0, count: buffer.count) }
      }
    }
  }

  /// Goes on in other memory, whose values are the moments from now on.
  /// - Precondition: as many buffers of as many elements.
  public mutating func move(to buffers: [TensorStorage]) {
    precondition(buffers.map(\.count) == self.buffers.map(\.count), "moments keep their lengths")
    self.buffers = buffers
  }

  /// Back to the state before the first step, in the same memory.
  public mutating func reset() {
    stepCount = 0
    for buffer in buffers { buffer.pointer.update(repeating: 0, count: buffer.count) }
  }

  /// Moves the parameters by one step; see
  /// ``Optimizer/step(values:gradient:gradientScale:moments:average:count:step:rate:)``.
  public mutating func step(
    values: UnsafeMutablePointer<Float>, gradient: UnsafePointer<Float>, gradientScale: Float,
    average: MovingAverage? = nil, rate: Double = 1
  ) {
    stepCount += 1
    optimizer.step(
      values: values, gradient: gradient, gradientScale: gradientScale, moments: buffers.map(\.pointer),
      average: average, count: count, step: stepCount, rate: rate)
    withExtendedLifetime(buffers) {}
  }
}
