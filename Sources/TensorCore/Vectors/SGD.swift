/// Stochastic gradient descent with heavy-ball momentum (Polyak 1964) and L2 weight decay over flat buffers,
/// as `torch.optim.SGD`: `b = μ b + (g + λ p)`, `p −= learningRate · b`.
public struct SGD: Sendable {
  /// The step size.
  public let learningRate: Double
  /// μ: the weight of the previous direction.
  public let momentum: Double
  /// λ: the weight of the parameters in the gradient.
  public let weightDecay: Double

  /// A rule; plain gradient descent by default.
  public init(learningRate: Double, momentum: Double = 0, weightDecay: Double = 0) {
    self.learningRate = learningRate
    self.momentum = momentum
    self.weightDecay = weightDecay
  }

  /// Updates `count` parameters and the direction. The gradient is multiplied by `gradientScale` as it is
  /// read.
  ///
  /// Elements do not depend on one another: the update of a range equals that of its parts.
  /// - Parameter rate: what the step size is multiplied by.
  /// - Precondition: the buffers hold `count` elements and do not overlap.
  public func apply(
    to parameters: UnsafeMutablePointer<Float>, gradient: UnsafePointer<Float>, gradientScale: Float = 1,
    direction: UnsafeMutablePointer<Float>, count: Int, rate: Double = 1
  ) {
    let (learningRate, momentum, weightDecay) = (
      Float(self.learningRate * rate), Float(momentum), Float(weightDecay)
    )
    FlatLanes.split(count) {
      $0.forEach { lanes in
        let p = lanes.load(parameters)
        let b = momentum * lanes.load(direction) + (lanes.load(gradient) * gradientScale + weightDecay * p)
        lanes.store(b, to: direction)
        lanes.store(p - learningRate * b, to: parameters)
      }
    }
  }
}
