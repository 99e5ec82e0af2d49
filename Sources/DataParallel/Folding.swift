/// How a rank adds up a slice of all ranks' pieces.
struct Folding {
  /// For every rank, the slots of its pieces; slots are in leaf order over all ranks.
  let slots: [Range<Int>]
  /// The additions in tree order. No sum is written over the rank's own pieces, which stay what they were.
  let steps: [VectorSum.Step]

  /// The number of slots.
  var count: Int { slots.last?.upperBound ?? 0 }

  init(_ plan: MicroBatchPlan) {
    var pieces: [CanonicalTree.Node] = []
    var slots: [Range<Int>] = []
    for rank in 0..<plan.worldSize {
      let own = plan.tree.pieces(of: plan.microBatches(of: rank))
      slots.append(pieces.count..<pieces.count + own.count)
      pieces += own
    }
    self.slots = slots
    // Own pieces are maximal, so at least one operand of every addition came from another rank.
    let own = slots[plan.rank]
    var place = Array(pieces.indices)
    steps = CanonicalTree.additions(of: pieces).map { addition in
      let (left, right) = (place[addition.left], place[addition.right])
      place[addition.left] = own.contains(left) ? right : left
      return VectorSum.Step(left: left, right: right, sum: place[addition.left])
    }
  }
}
