public import TensorCore

/// Reproducible inputs on a grid of 1/256, to which steps of a power of two are added without rounding.
public struct Numbers {
  private let noise: KeyedNoise
  private var position = 0

  /// - Parameter seed: equal seeds give equal numbers.
  public init(seed: UInt64) {
    noise = KeyedNoise(seed: seed, purpose: .synthetic, turn: 0)
  }

  /// Uniform numbers between two bounds.
  public mutating func between(_ low: Float, _ high: Float, _ shape: Shape) -> Tensor {
    let uniform = noise.uniform(shape, from: position)
    position += shape.count
    return Tensor(
      uniform.scalars.map { ((low + (high - low) * $0) * 256).rounded() / 256 }, shape: shape)
  }

  /// Numbers of either sign whose magnitude is at least 1/8: off the kink of a rectifier by more than a step.
  public mutating func offZero(_ shape: Shape) -> Tensor {
    Tensor(between(-1.5, 1.5, shape).scalars.map { $0 < 0 ? $0 - 0.125 : $0 + 0.125 }, shape: shape)
  }

  /// Numbers of which no two are closer than 1/8: no maximum changes within a step.
  public mutating func distinct(_ shape: Shape) -> Tensor {
    let keys = between(0, 60000, shape).scalars
    let order = keys.indices.sorted { (keys[$0], $0) < (keys[$1], $1) }
    var values = [Float](repeating: 0, count: shape.count)
    for (rank, index) in order.enumerated() { values[index] = (Float(rank) - Float(shape.count) / 2) / 8 }
    return Tensor(values, shape: shape)
  }
}
