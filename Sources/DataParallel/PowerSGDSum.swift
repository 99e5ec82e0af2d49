package import MessagePassing
import TensorCore

/// The sum of one turn's vector by PowerSGD (Vogels, Karimireddy, Jaggi 2019, "PowerSGD: practical low-rank
/// gradient compression for distributed optimization", arXiv 1905.13727, algorithms 1 and 2).
///
/// A worker is a node: what it compresses is the exact sum over its micro-batches. Of each matrix of the
/// ``PowerSGDPlan``, with this node's gradient *G* and error memory *e*:
///
/// 1. M = G + e, and P = M Q with the Q of the turn before;
/// 2. P is added up over all nodes in their order, and its columns are made orthonormal;
/// 3. Q = Mᵀ P: P Qᵀ is this node's share, and what it leaves of M is the next error memory, e = M - P Qᵀ;
/// 4. Q is added up over all nodes in their order: the sum is P Qᵀ, and this Q is what the next turn begins
///    with.
///
/// So the sum of all nodes and what all remember add up to all gradients so far. That Q keeps columns of
/// length 1 from turn to turn changes no direction, and no number overflows for it; a column that has become
/// zero begins again as noise.
///
/// Everything else is summed as it is. Communicated for a bucket: the sum of the rest, as ``PartialSums``
/// says, then one of all P and one of all Q; the first ranks of *M* nodes send `8 r (n + m) (M - 1) / M`
/// bytes for a matrix. Every rank of a node computes the same.
///
/// Nothing that is remembered changes before ``memory`` is taken for it, so that a turn may come to nothing.
/// On one node nothing is compressed: an error that is left from several nodes is added to the sum.
package struct PowerSGDSum: Sendable {
  private let plan: PowerSGDPlan
  private let workers: NodeWorkers
  private let before: PowerSGDMemory
  /// M of each matrix, then e.
  private let error: TensorStorage
  private let factors: TensorStorage

  /// A sum that begins with what is remembered of the turn before.
  package init(_ plan: PowerSGDPlan, _ workers: NodeWorkers, from memory: PowerSGDMemory) {
    self.plan = plan
    self.workers = workers
    var memory = memory
    // Adding nothing would keep a negative zero that adding a zero, which a generation holds, does not.
    if workers.count > 1, memory.error == nil {
      memory.error = Tensor(repeating: 0, shape: [plan.errorCount])
    }
    before = memory
    error = TensorStorage(count: workers.count > 1 ? plan.errorCount : 0)
    factors = TensorStorage(count: workers.count > 1 ? plan.factorCount : 0)
  }

  /// What is to be remembered of this turn.
  /// - Precondition: all elements have been added up.
  package var memory: PowerSGDMemory {
    guard workers.count > 1 else { return PowerSGDMemory(factors: before.factors) }
    return PowerSGDMemory(
      error: Tensor(viewOf: error, offset: 0, shape: [error.count]),
      factors: Tensor(viewOf: factors, offset: 0, shape: [factors.count]))
  }

  /// How many numbers the sum of some elements takes between nodes.
  package func numbers(of elements: Range<Int>) -> Int { plan.numbers(of: elements) }

  /// Adds up a bucket over all ranks.
  /// - Parameters:
  ///   - sums: this rank's, of `sums.count` elements from `start` on.
  ///   - result: room for the sum; the same bits on all ranks.
  /// - Throws: `CommunicationError`; not for a sum that is not finite, which it then is on all ranks.
  package func add(
    _ sums: PartialSums, from start: Int, over communicator: any Communicator,
    into result: UnsafeMutablePointer<Float>
  ) throws(CommunicationError) {
    let bucket = start..<start + sums.count
    let matrices = plan.matrices(in: bucket)
    guard workers.count > 1 else {
      try sums.reduce(over: communicator, into: result)
      return addErrors(of: matrices, to: result - start)
    }
    try addExactly(plan.rest(of: bucket), sums, from: start, over: communicator, into: result)
    guard let first = matrices.first, let last = matrices.last else { return }

    for matrix in matrices {
      let elements = matrix.elements.lowerBound - start..<matrix.elements.upperBound - start
      try workers.sum(
        sums.part(elements), into: error.pointer + matrix.errors.lowerBound, over: communicator)
    }
    addErrors(of: matrices, to: error.pointer) { $0.errors.lowerBound }

    let left = TensorStorage(count: plan.rank * matrices.reduce(0) { $0 + $1.rows })
    before.factors.withUnsafePointer { right in
      forEach(matrices, left) { product, matrix, left in
        product.multiply(
          error.pointer + matrix.errors.lowerBound, by: right + matrix.factors.lowerBound, into: left)
      }
    }
    try workers.addUp(left.pointer, count: left.count, over: communicator)
    forEach(matrices, left) { product, matrix, left in
      let (own, right) = (
        error.pointer + matrix.errors.lowerBound, factors.pointer + matrix.factors.lowerBound
      )
      product.orthonormalise(left)
      product.multiplyTransposed(own, by: left, into: right)
      product.addProduct(of: left, right, times: -1, to: own)
    }
    try workers.addUp(
      factors.pointer + first.factors.lowerBound, count: last.factors.upperBound - first.factors.lowerBound,
      over: communicator)
    plan.noise.withUnsafePointer { noise in
      forEach(matrices, left) { product, matrix, left in
        let right = factors.pointer + matrix.factors.lowerBound
        let sum = result + (matrix.elements.lowerBound - start)
        sum.update(repeating: 0, count: matrix.elements.count)
        product.addProduct(of: left, right, to: sum)
        product.normalise(right, or: noise + matrix.factors.lowerBound)
      }
    }
  }

  /// Adds up what is not compressed, as one vector.
  private func addExactly(
    _ ranges: [Range<Int>], _ sums: PartialSums, from start: Int, over communicator: any Communicator,
    into result: UnsafeMutablePointer<Float>
  ) throws(CommunicationError) {
    guard !ranges.isEmpty else { return }
    let ranges = ranges.map { $0.lowerBound - start..<$0.upperBound - start }
    let gathered = sums.gathered(ranges)
    let sum = TensorStorage(count: gathered.count)
    try gathered.reduce(over: communicator, into: sum.pointer)
    var next = sum.pointer
    for range in ranges {
      (result + range.lowerBound).update(from: next, count: range.count)
      next += range.count
    }
  }

  /// Adds what was remembered of each matrix to numbers that lie at some place.
  private func addErrors(
    of matrices: [PowerSGDPlan.Matrix], to numbers: UnsafeMutablePointer<Float>,
    at place: (PowerSGDPlan.Matrix) -> Int = { $0.elements.lowerBound }
  ) {
    before.error?.withUnsafePointer { error in
      for matrix in matrices {
        let target = numbers + place(matrix)
        VectorSum.add(target, error + matrix.errors.lowerBound, into: target, count: matrix.errors.count)
      }
    }
  }

  /// Hands `body` each matrix with its P, which lie one after another.
  private func forEach(
    _ matrices: [PowerSGDPlan.Matrix], _ left: TensorStorage,
    _ body: (LowRank, PowerSGDPlan.Matrix, UnsafeMutablePointer<Float>) -> Void
  ) {
    var next = left.pointer
    for matrix in matrices {
      body(LowRank(rows: matrix.rows, columns: matrix.columns, rank: plan.rank), matrix, next)
      next += plan.rank * matrix.rows
    }
  }
}
