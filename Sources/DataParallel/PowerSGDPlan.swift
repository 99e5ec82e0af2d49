public import TensorCore

/// Which parameters of a network PowerSGD compresses, and where what it remembers of them lies.
///
/// A parameter of shape `[n, …]` counts as a matrix `[n, m]`. It is compressed to rank *r* where that takes
/// less than half of its numbers, `2 r (n + m) < n m`, as PyTorch's hook has it (`min_compression_rate`);
/// others travel as they are.
public struct PowerSGDPlan: Sendable {
  /// A parameter that is compressed.
  public struct Matrix: Sendable, Equatable {
    /// Its elements in the vector.
    public let elements: Range<Int>
    /// n.
    public let rows: Int
    /// m.
    public let columns: Int
    /// Where its error lies among those of all matrices, `[n, m]`.
    package let errors: Range<Int>
    /// Where Qᵀ lies among those of all matrices, `[r, m]`.
    package let factors: Range<Int>
  }

  /// r.
  public let rank: Int
  /// What is compressed, in the order of the parameters.
  public let matrices: [Matrix]
  /// What the factors begin with, columns of keyed noise of length 1: Qᵀ of each matrix.
  package let noise: Tensor

  /// Compresses what gets smaller by it.
  /// - Parameters:
  ///   - parameters: of the network, in order.
  ///   - seed: of the run.
  ///   - firstOrdinal: the number of parameters in the networks before this one, so that no two parameters of
  ///     a run share random numbers.
  public init(
    parameters: [(elements: Range<Int>, shape: Shape)], rank: Int, seed: UInt64, firstOrdinal: Int = 0
  ) {
    let candidates = parameters.enumerated().map { ordinal, parameter in
      let rows = parameter.shape.rank == 0 ? 1 : parameter.shape[0]
      return (
        ordinal: firstOrdinal + ordinal, elements: parameter.elements, rows: rows,
        columns: parameter.elements.count / max(rows, 1)
      )
    }
    self.init(
      compressing: candidates.filter { 2 * rank * ($0.rows + $0.columns) < $0.rows * $0.columns },
      rank: rank, seed: seed)
  }

  /// Compresses all of some matrices, whether that makes them smaller or not.
  package init(
    compressing parameters: [(ordinal: Int, elements: Range<Int>, rows: Int, columns: Int)], rank: Int,
    seed: UInt64
  ) {
    precondition(rank > 0, "a product of matrices has a rank")
    self.rank = rank
    var (errors, factors) = (0, 0)
    let matrices = parameters.map { parameter in
      defer { (errors, factors) = (errors + parameter.elements.count, factors + rank * parameter.columns) }
      return Matrix(
        elements: parameter.elements, rows: parameter.rows, columns: parameter.columns,
        errors: errors..<errors + parameter.elements.count,
        factors: factors..<factors + rank * parameter.columns)
    }
    self.matrices = matrices
    noise = Tensor([factors]) { target in
      for (parameter, matrix) in zip(parameters, matrices) {
        let numbers = KeyedNoise(seed: seed, purpose: .compression, turn: parameter.ordinal)
          .normal([matrix.factors.count])
        numbers.withUnsafePointer { source in
          let columns = target + matrix.factors.lowerBound
          columns.update(from: source, count: matrix.factors.count)
          LowRank(rows: matrix.rows, columns: matrix.columns, rank: rank).normalise(columns, or: source)
        }
      }
    }
  }

  /// The elements of all matrices.
  var errorCount: Int { matrices.last?.errors.upperBound ?? 0 }
  /// The elements of all Q.
  var factorCount: Int { matrices.last?.factors.upperBound ?? 0 }

  /// The matrices within some elements.
  /// - Precondition: none lies there in part.
  func matrices(in elements: Range<Int>) -> [Matrix] {
    let found = matrices.filter { $0.elements.overlaps(elements) }
    precondition(
      found.allSatisfy { $0.elements.clamped(to: elements) == $0.elements }, "a matrix is compressed whole")
    return found
  }

  /// The parts of some elements that are not compressed.
  func rest(of elements: Range<Int>) -> [Range<Int>] {
    var start = elements.lowerBound
    var rest: [Range<Int>] = []
    for matrix in matrices(in: elements) {
      rest.append(start..<matrix.elements.lowerBound)
      start = matrix.elements.upperBound
    }
    return (rest + [start..<elements.upperBound]).filter { !$0.isEmpty }
  }

  /// How many numbers the sum of some elements takes between nodes: P and Q of each matrix, `r (n + m)`, and
  /// the rest.
  package func numbers(of elements: Range<Int>) -> Int {
    matrices(in: elements).reduce(0) { $0 + rank * ($1.rows + $1.columns) }
      + rest(of: elements).reduce(0) { $0 + $1.count }
  }
}

/// What PowerSGD remembers of a network from one turn to the next.
package struct PowerSGDMemory: Sendable {
  /// What this node has not sent yet of each matrix, `[n, m]`, one after another; nil for nothing.
  package var error: Tensor?
  /// What the next turn begins with: Qᵀ of each matrix, `[r, m]`, its columns of length 1. The same on all
  /// nodes.
  package var factors: Tensor

  package init(error: Tensor? = nil, factors: Tensor) {
    (self.error, self.factors) = (error, factors)
  }

  /// What there is before the first turn.
  package init(_ plan: PowerSGDPlan) { self.init(factors: plan.noise) }
}
