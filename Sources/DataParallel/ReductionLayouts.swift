import Synchronization

/// What follows from a plan alone, worked out at the first reduction and kept for all others.
final class ReductionLayouts: Sendable {
  private let plan: MicroBatchPlan
  private let kept = Mutex<(folding: Folding?, node: (nodes: [[Int]], pieces: NodePieces?)?)>((nil, nil))

  init(_ plan: MicroBatchPlan) { self.plan = plan }

  /// How the pieces of all ranks are added up.
  var folding: Folding {
    kept.withLock { kept in
      let folding = kept.folding ?? Folding(plan)
      kept.folding = folding
      return folding
    }
  }

  /// Who adds what where `nodes` share memory; nil if that cannot be.
  func pieces(nodes: [[Int]]) -> NodePieces? {
    kept.withLock { kept in
      if let node = kept.node, node.nodes == nodes { return node.pieces }
      let pieces = NodePieces(plan, nodes: nodes)
      kept.node = (nodes, pieces)
      return pieces
    }
  }
}
