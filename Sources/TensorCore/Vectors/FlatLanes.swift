/// Eight neighbouring elements of flat buffers; or one, in all lanes, of those that are left behind the last
/// eight. What is computed of an element is the same either way.
struct FlatLanes {
  private let index: Int
  private let isWhole: Bool

  /// Runs `body` for all of `count` elements, shared out among the compute threads.
  @inline(__always)
  static func forEach(of count: Int, _ body: (FlatLanes) -> Void) {
    ComputeThreads.split(count, grain: ComputeThreads.grain) { part in
      var index = part.lowerBound
      while index &+ 8 <= part.upperBound {
        body(FlatLanes(index: index, isWhole: true))
        index &+= 8
      }
      while index < part.upperBound {
        body(FlatLanes(index: index, isWhole: false))
        index &+= 1
      }
    }
  }

  @inline(__always)
  func load(_ buffer: UnsafePointer<Float>) -> SIMD8<Float> {
    isWhole ? TensorCore.load(buffer + index) : SIMD8(repeating: buffer[index])
  }

  @inline(__always)
  func store(_ values: SIMD8<Float>, to buffer: UnsafeMutablePointer<Float>) {
    if isWhole { TensorCore.store(values, to: buffer + index) } else { buffer[index] = values[0] }
  }
}
