public import MessagePassing
public import TensorCore

/// Adds up the gradients of a step's micro-batches in the order of the ``CanonicalTree``.
///
/// One flat vector per pass, over one micro-batch or a complete subtree of them, holds all that a phase sums:
/// gradients, statistics, scalars. The vectors arrive in ascending order of micro-batch and are folded like a
/// binary counter, so a rank with *m* micro-batches holds at most `2 log2(m) + 1` vectors at a time, taken
/// from and returned to the free list of `TensorStorage`.
///
/// ```swift
/// for pass in plan.passes(ofAtMost: 64) { reducer.add(pass) { writeGradients(of: pass, to: $0) } }
/// let partial = reducer.finish()
/// let sum = thread.submit { communicator in try partial.reduce(over: communicator) }
/// ```
public final class GradientReducer {
  /// Who owns which micro-batch.
  public let plan: MicroBatchPlan
  /// The number of elements of every vector.
  public let count: Int
  private let layouts: ReductionLayouts
  private var sums: [(node: CanonicalTree.Node, storage: TensorStorage)] = []
  private var next: Int

  /// A reducer for vectors of `count` elements.
  public init(plan: MicroBatchPlan, count: Int) {
    precondition(count >= 0, "a vector has no negative count")
    self.plan = plan
    self.count = count
    layouts = ReductionLayouts(plan)
    next = plan.local.lowerBound
  }

  /// Adds the vector of a pass, which `write` puts where the sum needs it.
  /// - Parameters:
  ///   - pass: the micro-batches, a complete subtree.
  ///   - write: initialises all `count` elements: the sum of the micro-batches' vectors along the subtree.
  /// - Precondition: the passes come in ascending order and cover `plan.local`.
  public func add(_ pass: Range<Int>, _ write: (TensorStorage) throws -> Void) rethrows {
    precondition(
      pass.lowerBound == next && pass.upperBound <= plan.local.upperBound,
      "micro-batches \(pass) come where \(next) of \(plan.local) is due")
    let storage = TensorStorage(count: count)
    try write(storage)
    next = pass.upperBound
    let (node, chain) = place(of: pass)
    if chain == sums.count {
      sums.append((node, storage))
    } else {
      Self.carry(storage, into: sums[chain...].map(\.storage), 0..<count)
      let sum = sums[chain].storage
      sums.removeSubrange(chain...)
      sums.append((node, sum))
    }
  }

  /// Adds some elements of a vector to those of a chain of sums, see ``VectorSum/carry(_:into:count:)``.
  private static func carry(_ vector: TensorStorage, into chain: [TensorStorage], _ elements: Range<Int>) {
    ComputeThreads.split(elements.count, grain: ComputeThreads.grain) { part in
      let start = elements.lowerBound + part.lowerBound
      VectorSum.carry(vector.pointer + start, into: chain.map { $0.pointer + start }, count: part.count)
    }
  }

  /// The node that the vector of a pass completes, and the first of the sums that it is carried into.
  private func place(of pass: Range<Int>) -> (node: CanonicalTree.Node, chain: Int) {
    let pieces = plan.tree.pieces(of: pass)
    precondition(pieces.count == 1, "micro-batches \(pass) are no complete subtree")
    var node = pieces[0]
    var chain = sums.count
    while chain > 0, sums[chain - 1].node.isLeftSibling(of: node) {
      chain -= 1
      node = node.parent
    }
    return (node, chain)
  }

  /// Adds the vector of the last pass over `plan.local` and hands out this rank's sums bucket by bucket; the
  /// reducer is ready for the next step.
  /// - Parameters:
  ///   - write: initialises all `count` elements, each once, and tells of them as soon as it has.
  ///   - whenReady: given each bucket of `buckets` and its sums as soon as all its elements are there.
  /// - Precondition: all micro-batches before have been added.
  public func finish(
    with pass: Range<Int>, in buckets: BucketPlan,
    _ write: (TensorStorage, _ whenWritten: @escaping (Range<Int>) -> Void) -> Void,
    whenReady: @escaping (_ bucket: Int, PartialSums) -> Void
  ) {
    precondition(
      pass.lowerBound == next && pass.upperBound == plan.local.upperBound,
      "micro-batches \(pass) come where \(next) is due, to the last of \(plan.local)")
    precondition(buckets.count == count, "buckets of \(buckets.count) elements for a vector of \(count)")
    let storage = TensorStorage(count: count)
    let chain = sums[place(of: pass).chain...].map(\.storage)
    let pieces = sums.dropLast(chain.count).map(\.storage) + [chain.first ?? storage]
    var missing = buckets.ranges.map(\.count)
    write(storage) { [plan, layouts] written in
      for bucket in buckets.indices(of: written) {
        let range = buckets.ranges[bucket]
        missing[bucket] -= range.clamped(to: written).count
        guard missing[bucket] == 0 else { continue }
        if !chain.isEmpty { Self.carry(storage, into: chain, range) }
        whenReady(
          bucket,
          PartialSums(
            plan: plan, count: range.count,
            sums: pieces.map { PartialSums.Piece(storage: $0, offset: range.lowerBound) }, layouts: layouts))
      }
    }
    precondition(missing.allSatisfy { $0 == 0 }, "a vector is written whole")
    discard()
  }

  /// Adds the vector of a micro-batch.
  /// - Precondition: `values.count == count`; see ``add(_:_:)``.
  public func add(_ values: Tensor, at microBatch: Int) {
    precondition(values.count == count, "\(values.count) values come where \(count) are due")
    add(microBatch..<microBatch + 1) { vector in
      values.withUnsafePointer { vector.pointer.update(from: $0, count: count) }
    }
  }

  /// This rank's sums, to be reduced over all ranks; the reducer is ready for the next step.
  /// - Precondition: all micro-batches of `plan.local` have been added.
  public func finish() -> PartialSums {
    precondition(next == plan.local.upperBound, "micro-batch \(next) of \(plan.local) is missing")
    let partial = PartialSums(
      plan: plan, count: count, sums: sums.map { PartialSums.Piece(storage: $0.storage, offset: 0) },
      layouts: layouts)
    discard()
    return partial
  }

  /// Forgets what has been added since the last ``finish()``.
  private func discard() {
    sums.removeAll(keepingCapacity: true)
    next = plan.local.lowerBound
  }

  /// ``finish()`` and ``PartialSums/reduce(over:)`` in one.
  public func reduce(over communicator: any Communicator) throws(CommunicationError) -> Tensor {
    try finish().reduce(over: communicator)
  }
}
