/// Who adds and carries what in a ``NodeReduction``, as one rank sees it.
struct NodePieces: Sendable {
  /// A part of a block: what the rank at `position` of `node` adds up.
  struct Part: Sendable {
    let node: Int
    let position: Int
  }

  /// A piece of a rank.
  struct Place: Sendable {
    let rank: Int
    let piece: Int
  }

  /// How many elements of a block belong to which part.
  struct Parts {
    fileprivate let ranges: [[Range<Int>]]

    func range(of part: Part) -> Range<Int> { ranges[part.node][part.position] }
  }

  /// The ranks of every node.
  let nodes: [[Int]]
  /// For every node, the maximal subtrees over all of its micro-batches.
  let pieces: [[CanonicalTree.Node]]
  /// The most pieces that a rank has.
  let mostPieces: Int
  /// The part that this rank owns.
  let own: Part
  /// The parts of other nodes that this rank carries.
  let carried: [Part]
  /// How this node's pieces come of those of its ranks.
  let carrying: [(folding: Folding, places: [Place])]
  /// How the sum comes of the pieces of this node's ranks and of other nodes, which have no place here.
  let owning: (folding: Folding, places: [Place?])
  /// How the sum comes of the pieces of whole nodes.
  let between: Folding
  /// Every part, with the rank of this node that comes to have its sum.
  let holders: [(part: Part, rank: Int)]

  /// The ranks of this node.
  var mates: [Int] { nodes[own.node] }
  /// The pieces of this node.
  var nodePieces: [CanonicalTree.Node] { pieces[own.node] }
  /// The pieces of all other nodes.
  var foreignPieceCount: Int { pieces.reduce(0) { $0 + $1.count } - nodePieces.count }
  /// The other nodes, with the rank there that carries this rank's part.
  var carriers: [(node: Int, rank: Int)] {
    nodes.indices.filter { $0 != own.node }.map { ($0, carrier(of: own, on: $0)) }
  }

  /// - Returns: nil if a node's ranks do not follow each other, so that their micro-batches do not either.
  init?(_ plan: MicroBatchPlan, nodes: [[Int]]) {
    guard nodes.flatMap({ $0 }) == Array(0..<plan.worldSize) else { return nil }
    self.nodes = nodes
    let node = nodes.firstIndex { $0.contains(plan.rank) }!
    let mates = nodes[node]
    let own = Part(node: node, position: plan.rank - mates[0])
    self.own = own
    let ofRank = (0..<plan.worldSize).map { plan.tree.pieces(of: plan.microBatches(of: $0)) }
    mostPieces = ofRank.map(\.count).max() ?? 0
    let pieces = nodes.map { ranks in
      plan.tree.pieces(
        of: plan.microBatches(of: ranks[0]).lowerBound..<plan.microBatches(of: ranks.last!).upperBound)
    }
    self.pieces = pieces
    carrying = pieces[node].map { whole in
      let within = mates.map { rank in
        ofRank[rank].indices.filter { whole.leaves.contains(ofRank[rank][$0].leaves.lowerBound) }
      }
      let sources = zip(mates, within).map { rank, indices in indices.map { ofRank[rank][$0] } }
      return (
        Folding(sources, own: own.position),
        zip(mates, within).flatMap { rank, indices in indices.map { Place(rank: rank, piece: $0) } }
      )
    }
    let before = pieces[..<node]
    let after = pieces[(node + 1)...]
    owning = (
      Folding(before + mates.map { ofRank[$0] } + after, own: node + own.position),
      before.joined().map { _ in nil }
        + mates.flatMap { rank in ofRank[rank].indices.map { Place(rank: rank, piece: $0) } }
        + after.joined().map { _ in nil }
    )
    between = Folding(pieces, own: node)
    let parts = nodes.indices.flatMap { node in
      nodes[node].indices.map { Part(node: node, position: $0) }
    }
    func holder(of part: Part) -> Int { mates[part.position % mates.count] }
    holders = parts.map { ($0, holder(of: $0)) }
    carried = parts.filter { $0.node != node && holder(of: $0) == plan.rank }
  }

  /// The rank that adds a part up.
  func owner(of part: Part) -> Int { nodes[part.node][part.position] }

  /// The rank of another node that carries a part.
  private func carrier(of part: Part, on node: Int) -> Int { nodes[node][part.position % nodes[node].count] }

  /// Cuts a block of `count` elements: evenly among the nodes, whose links are what is slow, and among the
  /// ranks of each.
  func parts(of count: Int) -> Parts {
    let slices = SlicePlan(count: count, worldSize: nodes.count)
    return Parts(
      ranges: nodes.indices.map { node in
        let slice = slices.slice(of: node)
        let parts = SlicePlan(count: slice.count, worldSize: nodes[node].count)
        return nodes[node].indices.map {
          let part = parts.slice(of: $0)
          return slice.lowerBound + part.lowerBound..<slice.lowerBound + part.upperBound
        }
      })
  }
}
