/// Elementwise additions over flat vectors. A block stays in the first-level cache while several are chained.
enum VectorSum {
  /// Elements per block: 8 KiB.
  static let block = 2048

  /// `result[i] = left[i] + right[i]`. `result` may be either operand.
  @inline(__always)
  static func add(
    _ left: UnsafePointer<Float>, _ right: UnsafePointer<Float>, into result: UnsafeMutablePointer<Float>,
    count: Int
  ) {
    typealias Lanes = SIMD16<Float>
    let left = UnsafeRawPointer(left)
    let right = UnsafeRawPointer(right)
    let raw = UnsafeMutableRawPointer(result)
    let vectors = count & ~15
    var offset = 0
    while offset < vectors &* 4 {
      let sum =
        left.loadUnaligned(fromByteOffset: offset, as: Lanes.self)
        + right.loadUnaligned(fromByteOffset: offset, as: Lanes.self)
      raw.storeBytes(of: sum, toByteOffset: offset, as: Lanes.self)
      offset &+= 64
    }
    var index = vectors
    while index < count {
      result[index] =
        left.load(fromByteOffset: index &* 4, as: Float.self)
        + right.load(fromByteOffset: index &* 4, as: Float.self)
      index &+= 1
    }
  }

  /// Adds `value` to the sums of a chain of left siblings, innermost last:
  /// `chain[0] = chain[0] + (chain[1] + (… + value))`, in one pass over memory.
  static func carry(_ value: UnsafePointer<Float>, into chain: [UnsafeMutablePointer<Float>], count: Int) {
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
  struct Step {
    let left: Int
    let right: Int
    /// Where the sum goes; may be either operand.
    let sum: Int
  }

  /// Performs `steps` on `vectors`, in order, except that the last sum goes to `result`.
  static func fold(
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
}
