/// Sums of flat vectors, and of their squares. A block of elementwise additions stays in the first-level
/// cache while several are chained.
package enum VectorSum {
  /// Elements per block: 8 KiB.
  package static let block = 2048

  /// `result[i] = left[i] + right[i]`. `result` may be either operand.
  @inline(__always)
  package static func add(
    _ left: UnsafePointer<Float>, _ right: UnsafePointer<Float>, into result: UnsafeMutablePointer<Float>,
    count: Int
  ) {
    let left = UnsafeRawPointer(left)
    let right = UnsafeRawPointer(right)
    let raw = UnsafeMutableRawPointer(result)
    @inline(__always) func add<Lanes: SIMD>(_: Lanes.Type, at offset: Int) where Lanes.Scalar == Float {
      let sum =
        left.loadUnaligned(fromByteOffset: offset, as: Lanes.self)
        + right.loadUnaligned(fromByteOffset: offset, as: Lanes.self)
      raw.storeBytes(of: sum, toByteOffset: offset, as: Lanes.self)
    }
    let vectors = count & ~15
    var offset = 0
    while offset < vectors &* 4 {
      add(SIMD16<Float>.self, at: offset)
      offset &+= 64
    }
    var index = vectors
    if index &+ 8 <= count {
      add(SIMD8<Float>.self, at: index &* 4)
      index &+= 8
    }
    if index &+ 4 <= count {
      add(SIMD4<Float>.self, at: index &* 4)
      index &+= 4
    }
    while index < count {
      result[index] =
        left.load(fromByteOffset: index &* 4, as: Float.self)
        + right.load(fromByteOffset: index &* 4, as: Float.self)
      index &+= 1
    }
  }

  /// The sum of the squares in Float64, in eight interleaved chains that are added in order.
  package static func squaredLength(_ values: UnsafePointer<Float>, count: Int) -> Double {
    var sums = SIMD8<Double>.zero
    var index = 0
    while index &+ 8 <= count {
      let part = SIMD8<Double>(load(values + index))
      sums += part * part
      index &+= 8
    }
    var sum = sumInOrder(sums)
    while index < count {
      sum += Double(values[index]) * Double(values[index])
      index &+= 1
    }
    return sum
  }

  /// Adds `value` to the sums of a chain of left siblings, innermost last:
  /// `chain[0] = chain[0] + (chain[1] + (… + value))`, in one pass over memory.
  package static func carry(
    _ value: UnsafePointer<Float>, into chain: [UnsafeMutablePointer<Float>], count: Int
  ) {
    withUnsafeTemporaryAllocation(of: Float.self, capacity: block) { scratch in
      let partial = scratch.baseAddress!
      var start = 0
      while start < count {
        let length = min(block, count &- start)
        var right = value + start
        var level = chain.count &- 1
        while level > 0 {
          add(chain[level] + start, right, into: partial, count: length)
          right = UnsafePointer(partial)
          level &-= 1
        }
        add(chain[0] + start, right, into: chain[0] + start, count: length)
        start &+= length
      }
    }
  }

  /// One addition between vectors that are known by their position in a list.
  package struct Step {
    let left: Int
    let right: Int
    /// Where the sum goes; may be either operand.
    let sum: Int

    /// An addition of two vectors.
    package init(left: Int, right: Int, sum: Int) {
      self.left = left
      self.right = right
      self.sum = sum
    }
  }

  /// Performs `steps` on `vectors`, in order, except that the last sum goes to `result`.
  package static func fold(
    _ vectors: [UnsafeMutablePointer<Float>], along steps: [Step],
    into result: UnsafeMutablePointer<Float>, count: Int
  ) {
    guard let last = steps.last else {
      result.update(from: vectors[0], count: count)
      return
    }
    var start = 0
    while start < count {
      let length = min(block, count &- start)
      for step in steps.dropLast() {
        add(
          vectors[step.left] + start, vectors[step.right] + start, into: vectors[step.sum] + start,
          count: length)
      }
      add(vectors[last.left] + start, vectors[last.right] + start, into: result + start, count: length)
      start &+= length
    }
  }

  /// The sum of vectors of `count` elements that lie `stride` apart, by the complete binary tree:
  /// `((v0 + v1) + (v2 + v3)) + …`.
  /// - Parameter other: where as many vectors lie, each of which is added to its counterpart first; nil for
  ///   none.
  /// - Precondition: `vectors` is a power of two, and `result` is none of them, or the first.
  package static func tree(
    _ first: UnsafePointer<Float>, adding other: UnsafePointer<Float>? = nil, stride: Int, vectors: Int,
    into result: UnsafeMutablePointer<Float>, count: Int
  ) {
    precondition(vectors > 0 && vectors & (vectors - 1) == 0, "\(vectors) is not a power of two")
    if vectors == 1 && other == nil {
      if UnsafePointer(result) != first { result.update(from: first, count: count) }
      return
    }
    // The tree's leaves, where an addition is left to do in each: of a vector and its counterpart, or of
    // neighbours.
    let leaves = other == nil ? vectors / 2 : vectors
    func addLeaf(_ leaf: Int, from start: Int, into sum: UnsafeMutablePointer<Float>, count: Int) {
      if let other {
        let start = leaf &* stride &+ start
        add(first + start, other + start, into: sum, count: count)
      } else {
        let left = first + (2 &* leaf &* stride &+ start)
        add(left, left + stride, into: sum, count: count)
      }
    }
    if leaves == 1 { return addLeaf(0, from: 0, into: result, count: count) }
    let levels = leaves.trailingZeroBitCount + 1
    withUnsafeTemporaryAllocation(of: Float.self, capacity: levels * block) { scratch in
      let sums = scratch.baseAddress.unsafelyUnwrapped
      var start = 0
      while start < count {
        let length = min(block, count &- start)
        var top = 0
        for leaf in 0..<leaves {
          addLeaf(leaf, from: start, into: sums + top &* block, count: length)
          // As a binary counter carries: once for every one at the end of the leaf's number.
          for _ in 0..<(~leaf).trailingZeroBitCount {
            let isLast = leaf &+ 1 == leaves && top == 1
            let (left, right) = (sums + (top &- 1) &* block, sums + top &* block)
            add(left, right, into: isLast ? result + start : left, count: length)
            top &-= 1
          }
          top &+= 1
        }
        start &+= length
      }
    }
  }
}
