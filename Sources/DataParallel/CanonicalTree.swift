/// The binary tree in which the gradients of all micro-batches are added, the same on every world size.
///
/// Its leaves are the micro-batches in order; the sum of a node is `sum(left) + sum(right)` in Float32. A
/// rank that owns a contiguous range of leaves can add up the maximal complete subtrees within it, its
/// *pieces*; adding the pieces of all ranks along the rest of the tree performs the very additions that one
/// rank would perform alone.
public struct CanonicalTree: Sendable, Equatable {
  /// A complete subtree over the leaves `index << level ..< (index + 1) << level`.
  public struct Node: Sendable, Hashable {
    /// The height above the leaves.
    public let level: Int
    /// The position among the nodes of the same level.
    public let index: Int

    /// The node of a level at a position.
    public init(level: Int, index: Int) {
      self.level = level
      self.index = index
    }

    /// The leaves below it.
    public var leaves: Range<Int> { index << level..<(index + 1) << level }

    /// The node of which it is a half.
    public var parent: Node { Node(level: level + 1, index: index >> 1) }

    /// Whether `self` and `right` are the two halves, in this order, of one node.
    func isLeftSibling(of right: Node) -> Bool {
      level == right.level && index & 1 == 0 && index + 1 == right.index
    }
  }

  /// One addition: the value in slot `left` becomes `left + right`; slot `right` is used up.
  public struct Addition: Sendable, Equatable {
    /// The slot of the left half, which takes the sum.
    public let left: Int
    /// The slot of the right half.
    public let right: Int
  }

  /// The number of leaves; a power of two.
  public let leafCount: Int

  /// A tree over `leafCount` leaves.
  /// - Precondition: `leafCount` is a power of two.
  public init(leafCount: Int) {
    precondition(leafCount > 0 && leafCount & (leafCount - 1) == 0, "\(leafCount) is not a power of two")
    self.leafCount = leafCount
  }

  /// The node over all leaves.
  public var root: Node { Node(level: leafCount.trailingZeroBitCount, index: 0) }

  /// The maximal complete subtrees within a contiguous range of leaves, in leaf order: at most
  /// `max(1, 2 log2(leafCount))`.
  public func pieces(of range: Range<Int>) -> [Node] {
    precondition(range.lowerBound >= 0 && range.upperBound <= leafCount, "\(range) is not within the leaves")
    var pieces: [Node] = []
    var start = range.lowerBound
    while start < range.upperBound {
      let aligned = start == 0 ? root.level : start.trailingZeroBitCount
      let level = min(
        aligned, (range.upperBound - start).bitWidth - 1 - (range.upperBound - start).leadingZeroBitCount)
      pieces.append(Node(level: level, index: start >> level))
      start += 1 << level
    }
    return pieces
  }

  /// The additions that turn adjacent `pieces`, given in leaf order, into the fewest complete subtrees.
  ///
  /// Slot *i* starts with the sum of `pieces[i]`. Pieces that cover all leaves end as one sum in slot 0.
  public static func additions(of pieces: [Node]) -> [Addition] {
    var additions: [Addition] = []
    var stack: [(node: Node, slot: Int)] = []
    for (slot, piece) in pieces.enumerated() {
      var top = (node: piece, slot: slot)
      while let left = stack.last, left.node.isLeftSibling(of: top.node) {
        additions.append(Addition(left: left.slot, right: top.slot))
        top = (left.node.parent, left.slot)
        stack.removeLast()
      }
      stack.append(top)
    }
    return additions
  }
}
