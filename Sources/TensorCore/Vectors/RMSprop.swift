import CProcessor

/// RMSprop (Tieleman and Hinton 2012) with L2 weight decay over flat buffers, as
/// `torch.optim.RMSprop` without momentum: `g += λ p`, `s = α s + (1 − α) g²`, `p −= learningRate · g / (√s +
/// ε)`.
public struct RMSprop: Sendable {
  /// The step size.
  public let learningRate: Double
  /// α: the decay of the mean square per step.
  public let alpha: Double
  /// ε: added to the root of the mean square.
  public let epsilon: Double
  /// λ: the weight of the parameters in the gradient.
  public let weightDecay: Double

  /// A rule with PyTorch's defaults.
  public init(learningRate: Double, alpha: Double = 0.99, epsilon: Double = 1e-8, weightDecay: Double = 0) {
    self.learningRate = learningRate
    self.alpha = alpha
    self.epsilon = epsilon
    self.weightDecay = weightDecay
  }

  /// Updates `count` parameters and the mean square. The gradient is multiplied by `gradientScale` as it is
  /// read.
  ///
  /// Elements do not depend on one another: the update of a range equals that of its parts.
  /// - Parameter rate: what the step size is multiplied by.
  /// - Precondition: the buffers hold `count` elements and do not overlap.
  public func apply(
    to parameters: UnsafeMutablePointer<Float>, gradient: UnsafePointer<Float>, gradientScale: Float = 1,
    meanSquare: UnsafeMutablePointer<Float>, count: Int, rate: Double = 1
  ) {
    let (alpha, share) = (Float(alpha), Float(1 - alpha))
    let (learningRate, epsilon, weightDecay) = (
      Float(self.learningRate * rate), Float(epsilon), Float(weightDecay)
    )
    FlatLanes.split(count) {
      $0.forEach { lanes in
        let p = lanes.load(parameters)
        let g = lanes.load(gradient) * gradientScale + weightDecay * p
        let s = alpha * lanes.load(meanSquare) + share * g * g
        lanes.store(s, to: meanSquare)
        lanes.store(p - learningRate * g / (lockstep_sqrt8(s) + epsilon), to: parameters)
      }
    }
  }
}
