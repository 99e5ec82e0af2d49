import TensorCore

/// What the samples of a ``Flow`` are: what its couplings are given of them, and what a likelihood is of.
public enum FlowDomain: Hashable, Sendable {
  /// Vectors of any numbers, in the unit in which the couplings compute, so that they see numbers around 1.
  /// Likelihoods are densities in the data's own units, in nats a sample.
  case vectors(unit: Float)
  /// Images of 256 levels in [-1, 1]. Uniform noise spreads each level over its width, and logits spread what
  /// is between black and white (Dinh et al. 2017, section 4.1); likelihoods are of levels, in bits a
  /// dimension.
  case images

  /// How far probabilities of images stay from 0 and 1. The paper leaves it out at the light end, where a
  /// logit is without bounds.
  private static let margin: Float = 0.05

  /// What the couplings are given of samples, and the logarithm of the derivative of each number; both of the
  /// samples' shape.
  /// - Parameter noise: uniform in (0, 1), for images; nil for its mean.
  func encoded(_ samples: Tensor, noise: Tensor?) -> (values: Tensor, logSlopes: Tensor) {
    switch self {
    case .vectors(let unit):
      let logSlope = -Tensor(unit).log().scalar
      return (samples.multiplied(by: 1 / unit), Tensor(repeating: logSlope, shape: samples.shape))
    case .images:
      let levels = samples.elementwise { $0.map { (($0 + 1) * 127.5).rounded(.toNearestOrEven) } }
      let spread = noise.map { levels + $0 } ?? levels.adding(0.5)
      let width = (1 - 2 * Self.margin) / 256
      let probabilities = spread.multiplied(by: width).adding(Self.margin)
      let (log, logOfRest) = (probabilities.log(), probabilities.negated().adding(1).log())
      return (log - logOfRest, (log + logOfRest).negated().adding(Tensor(width).log().scalar))
    }
  }

  /// The samples of which the couplings are given these values. Images end at black and
  /// white; what is no number stays none.
  func decoded(_ values: Tensor) -> Tensor {
    switch self {
    case .vectors(let unit): return values.multiplied(by: unit)
    case .images:
      let levels = values.sigmoid().adding(-Self.margin).multiplied(by: 256 / (1 - 2 * Self.margin))
        .adding(-0.5)
      return levels.elementwise { $0.map { min(max($0 / 127.5 - 1, -1), 1) } }
    }
  }
}
