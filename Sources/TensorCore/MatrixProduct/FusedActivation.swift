/// An activation that a normalisation applies in the same pass over memory.
public enum FusedActivation: Hashable, Sendable {
  case identity
  /// max(z, 0).
  case relu
  /// z where z > 0, `slope` · z elsewhere.
  case leakyReLU(slope: Float)

  /// The factor for z ≤ 0, where that for z > 0 is 1.
  package var slope: Float {
    switch self {
    case .identity: 1
    case .relu: 0
    case .leakyReLU(let slope): slope
    }
  }
}
