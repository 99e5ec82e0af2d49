import TensorCore

/// How the pieces of several sources (ranks, or whole nodes) are added up along the ``CanonicalTree``.
struct Folding: Sendable {
  /// For every source, the slots of its pieces; slots are in leaf order over all sources.
  let slots: [Range<Int>]
  /// The additions in tree order. No sum is written over the own source's pieces, which stay what they were.
  let steps: [VectorSum.Step]

  /// The number of slots.
  var count: Int { slots.last?.upperBound ?? 0 }

  /// - Parameters:
  ///   - sources: the pieces of each source, in leaf order; together one complete subtree.
  ///   - own: the source whose pieces are only read.
  init(_ sources: [[CanonicalTree.Node]], own: Int) {
    var pieces: [CanonicalTree.Node] = []
    slots = sources.map { source in
      pieces += source
      return pieces.count - source.count..<pieces.count
    }
    let protected = slots[own]
    var place = Array(pieces.indices)
    steps = CanonicalTree.additions(of: pieces).map { addition in
      let (left, right) = (place[addition.left], place[addition.right])
      // Own pieces are maximal, so at least one operand of every addition came from another source.
      place[addition.left] = protected.contains(left) ? right : left
      return VectorSum.Step(left: left, right: right, sum: place[addition.left])
    }
  }

  /// The pieces of all ranks.
  init(_ plan: MicroBatchPlan) {
    self.init(
      (0..<plan.worldSize).map { plan.tree.pieces(of: plan.microBatches(of: $0)) }, own: plan.rank)
  }
}
