public import Autograd
public import TensorCore

/// A table of vectors, one for each class.
public protocol VectorTable {
  /// The vectors of `indices`, `[indices.count, depth]`. Their derivative adds to a row in the order of
  /// `indices`.
  /// - Precondition: every index is below the table's count.
  func callAsFunction(_ indices: [Int], on tape: Tape) -> Variable
  /// All vectors, `[count, depth]`.
  var rows: Tensor { get }
}

/// A table of vectors: index to `[depth]`.
public struct Embedding: VectorTable {
  /// `[count, depth]`.
  public let weight: Parameter

  /// A table that starts from N(0, 1), PyTorch's default, unless given.
  public init(count: Int, depth: Int, initializer: Initializer = .normal(mean: 0, deviation: 1)) {
    weight = Parameter([count, depth], initializer)
  }

  /// The vectors of `indices`, `[indices.count, depth]`.
  /// - Precondition: every index is below the table's count.
  public func callAsFunction(_ indices: [Int], on tape: Tape) -> Variable {
    tape.variable(for: weight).gatherRows(indices)
  }

  /// All vectors, `[count, depth]`.
  public var rows: Tensor { weight.value }
}

/// An ``Embedding`` whose table is spectrally normalised, as the projection discriminator's is (Miyato and
/// Koyama 2018, section 4).
public struct SpectralEmbedding: VectorTable, SpectrallyNormalized {
  /// `[count, depth]`.
  public let weightOrig: Parameter
  /// `[count]`.
  public let weightU: Buffer
  /// `[depth]`.
  public let weightV: Buffer

  /// A table that starts from N(0, 1) unless given.
  public init(count: Int, depth: Int, initializer: Initializer = .normal(mean: 0, deviation: 1)) {
    weightOrig = Parameter([count, depth], initializer)
    weightU = Buffer([count], initialValue: 1 / Float(count).squareRoot())
    weightV = Buffer([depth], initialValue: 0)
  }

  /// The vectors of `indices`, `[indices.count, depth]`.
  /// - Precondition: every index is below the table's count.
  public func callAsFunction(_ indices: [Int], on tape: Tape) -> Variable {
    normalizedWeight(on: tape).gatherRows(indices)
  }

  /// All vectors, divided by the largest singular value, `[count, depth]`.
  public var rows: Tensor { normalizedWeight(on: Tape(mode: .inference)).value }
}
