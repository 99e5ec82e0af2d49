import DataParallel
import TensorCore
import Testing

@Suite("The canonical tree")
struct CanonicalTreeTests {
  @Test("pieces are complete subtrees that cover the range, and no two of a range make a larger one")
  func pieces() {
    for leafCount in [1, 2, 8, 32] {
      let tree = CanonicalTree(leafCount: leafCount)
      for start in 0...leafCount {
        for end in start...leafCount {
          let pieces = tree.pieces(of: start..<end)
          #expect(pieces.flatMap { Array($0.leaves) } == Array(start..<end))
          #expect(CanonicalTree.additions(of: pieces).isEmpty)
          #expect(pieces.count <= max(1, 2 * tree.root.level))
        }
      }
    }
  }

  @Test("the pieces of any world size are added along the tree that one rank follows", arguments: 1...16)
  func additions(worldSize: Int) throws {
    let tree = CanonicalTree(leafCount: 16)
    let pieces = try (0..<worldSize).flatMap { rank in
      let plan = try MicroBatchPlan(batch: 16, microBatches: 16, worldSize: worldSize, rank: rank)
      return tree.pieces(of: plan.local)
    }
    // Each slot holds the expression that would be computed.
    var slots = pieces.map(expression)
    for addition in CanonicalTree.additions(of: pieces) {
      slots[addition.left] = "(\(slots[addition.left])+\(slots[addition.right]))"
      slots[addition.right] = "used"
    }
    #expect(slots[0] == expression(tree.root))
  }

  private func expression(_ node: CanonicalTree.Node) -> String {
    if node.level == 0 { return "\(node.index)" }
    let left = CanonicalTree.Node(level: node.level - 1, index: node.index * 2)
    let right = CanonicalTree.Node(level: node.level - 1, index: node.index * 2 + 1)
    return "(\(expression(left))+\(expression(right)))"
  }

  @Test("a sum of vectors that lie side by side is that of the tree", arguments: [1, 2, 4, 8, 32])
  func sumOfNeighbours(vectors: Int) {
    let (count, stride) = (VectorSum.block + 5, VectorSum.block + 9)
    let noise = KeyedNoise(seed: 1, purpose: .synthetic, turn: vectors).normal([vectors * stride])
    var slots = (0..<vectors).map { Array(noise.scalars[$0 * stride..<$0 * stride + count]) }
    let leaves = (0..<vectors).map { CanonicalTree.Node(level: 0, index: $0) }
    for addition in CanonicalTree.additions(of: leaves) {
      slots[addition.left] = zip(slots[addition.left], slots[addition.right]).map(+)
    }
    let sum = Tensor([count]) { sum in
      noise.withUnsafePointer {
        VectorSum.tree($0, stride: stride, vectors: vectors, into: sum, count: count)
      }
    }
    #expect(sum.scalars == slots[0])
  }
}
