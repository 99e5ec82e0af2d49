/// Eight neighbouring elements of flat buffers; or one, in all lanes, of those that are left behind the last
/// eight. What is computed of an element is the same either way.
struct FlatLanes {
  private let index: Int
  private let isWhole: Bool

  /// One thread's part of flat buffers.
  struct Part {
    fileprivate let range: Range<Int>

    @inline(__always)
    func forEach(_ body: (FlatLanes) -> Void) {
      var index = range.lowerBound
      while index &+ 8 <= range.upperBound {
        body(FlatLanes(index: index, isWhole: true))
        index &+= 8
      }
      while index < range.upperBound {
        body(FlatLanes(index: index, isWhole: false))
        index &+= 1
      }
    }
  }

  /// Shares `count` elements out among the compute threads; the loop over a part is `body`'s, for the reason
  /// that ``ElementwisePart`` gives.
  static func split(_ count: Int, _ body: (Part) -> Void) {
    ComputeThreads.split(count, grain: ComputeThreads.grain) { body(Part(range: $0)) }
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
