public import TensorCore

/// How a parameter starts.
public enum Initializer: Hashable, Sendable {
  /// Every element the same.
  case constant(Float)
  /// Normal with the given mean and standard deviation.
  case normal(mean: Float, deviation: Float)
  /// Uniform in (-bound, bound).
  case uniform(bound: Float)

  /// PyTorch's default start of weights and biases: uniform in ±1/√count, of `count` inputs of each output.
  public static func uniform(fanIn count: Int) -> Initializer {
    .uniform(bound: 1 / Float(count).squareRoot())
  }

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
