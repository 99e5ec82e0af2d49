/// Up to 16 neighbouring channels, the unit in which per-channel kernels work.
struct ChannelGroup {
  typealias Vector = SIMD16<Float>

  let first: Int
  let count: Int

  /// All groups of an activation, the last of which may be partial. `body` is compiled once for whole groups.
  @inline(__always)
  static func forEach(_ channels: Int, _ body: (ChannelGroup) -> Void) {
    var first = 0
    while first &+ Vector.scalarCount <= channels {
      body(ChannelGroup(first: first, count: Vector.scalarCount))
      first &+= Vector.scalarCount
    }
    if first < channels { body(ChannelGroup(first: first, count: channels &- first)) }
  }

  /// The group's channels of the row at `row`; lanes beyond them are zero.
  @inline(__always)
  func load(_ row: UnsafePointer<Float>) -> Vector {
    let source = row + first
    if count == Vector.scalarCount { return UnsafeRawPointer(source).loadUnaligned(as: Vector.self) }
    var vector = Vector.zero
    for lane in 0..<count { vector[lane] = source[lane] }
    return vector
  }

  @inline(__always)
  func store(_ vector: Vector, to row: UnsafeMutablePointer<Float>) {
    let target = row + first
    if count == Vector.scalarCount {
      UnsafeMutableRawPointer(target).storeBytes(of: vector, as: Vector.self)
    } else {
      for lane in 0..<count { target[lane] = vector[lane] }
    }
  }
}

/// Rows in blocks of a fixed size, whose partial results are combined in a fixed tree: the order of a
/// per-channel sum depends on the number of rows alone.
struct RowBlocks {
  let rows: Int

  static let size = 64

  var count: Int { (rows + Self.size - 1) / Self.size }

  func range(_ block: Int) -> Range<Int> { block * Self.size..<min((block + 1) * Self.size, rows) }

  /// Calls `body` for every block, on the threads of this rank.
  func forEach(_ body: (_ block: Int, _ rows: Range<Int>) -> Void) {
    ComputeThreads.split(count, grain: 1) { blocks in
      for block in blocks { body(block, range(block)) }
    }
  }

  /// Calls `merge` with the pairs of a binary tree over the blocks; the result of a pair replaces its left
  /// block.
  func merge(_ merge: (_ left: Int, _ right: Int) -> Void) {
    var distance = 1
    while distance < count {
      for left in stride(from: 0, to: count - distance, by: 2 * distance) { merge(left, left + distance) }
      distance *= 2
    }
  }
}
