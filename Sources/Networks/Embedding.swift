public import Autograd
import TensorCore

/// A table of vectors: index to `[depth]`.
public struct Embedding {
  /// `[count, depth]`.
  public let weight: Parameter

  /// A table that starts from N(0, 1), PyTorch's default.
  public init(count: Int, depth: Int) {
    weight = Parameter([count, depth], .normal(mean: 0, deviation: 1))
  }

  /// The vectors of `indices`, `[indices.count, depth]`.
  /// - Precondition: every index is below the table's count.
  public func callAsFunction(_ indices: [Int], on tape: Tape) -> Variable {
    tape.variable(for: weight).gatherRows(indices)
  }
}
