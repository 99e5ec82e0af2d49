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

/// Stochastic gradient descent with heavy-ball momentum and L2 weight decay, as `torch.optim.SGD`.
public struct SGD: Optimizer {
  /// Step size.
  public let learningRate: Double
  /// Weight of the previous direction.
  public let momentum: Double
  /// Weight of the parameters in the gradient.
  public let weightDecay: Double

  /// A rule; plain gradient descent by default.
  public init(learningRate: Double, momentum: Double = 0, weightDecay: Double = 0) {
    self.learningRate = learningRate
    self.momentum = momentum
    self.weightDecay = weightDecay
  }

  /// The direction.
  public var momentNames: [String] { ["momentum"] }

  /// See `MomentumUpdate`.
  public func step(
    values: UnsafeMutablePointer<Float>, gradient: UnsafePointer<Float>, gradientScale: Float,
    moments: [UnsafeMutablePointer<Float>], average: MovingAverage?, count: Int, step: Int,
    rate: Double
  ) {
    MomentumUpdate(learningRate: learningRate * rate, momentum: momentum, weightDecay: weightDecay)
      .apply(
        to: values, gradient: gradient, gradientScale: gradientScale, direction: moments[0], count: count)
    average?.move(toward: values, count: count)
  }
}

/// RMSprop (Tieleman and Hinton 2012) with L2 weight decay, as `torch.optim.RMSprop` without momentum.
public struct RMSprop: Optimizer {
  /// Step size.
  public let learningRate: Double
  /// Decay of the mean square.
  public let alpha: Double
  /// Added to the root.
  public let epsilon: Double
  /// Weight of the parameters in the gradient.
  public let weightDecay: Double

  /// A rule with PyTorch's defaults.
  public init(learningRate: Double, alpha: Double = 0.99, epsilon: Double = 1e-8, weightDecay: Double = 0) {
    self.learningRate = learningRate
    self.alpha = alpha
    self.epsilon = epsilon
    self.weightDecay = weightDecay
  }

  /// The mean square.
  public var momentNames: [String] { ["square"] }

  /// See `RMSpropUpdate`.
  public func step(
    values: UnsafeMutablePointer<Float>, gradient: UnsafePointer<Float>, gradientScale: Float,
    moments: [UnsafeMutablePointer<Float>], average: MovingAverage?, count: Int, step: Int,
    rate: Double
  ) {
    RMSpropUpdate(
      learningRate: learningRate * rate, alpha: alpha, epsilon: epsilon, weightDecay: weightDecay
    ).apply(
      to: values, gradient: gradient, gradientScale: gradientScale, meanSquare: moments[0], count: count)
    average?.move(toward: values, count: count)
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
