/// The random choices behind one sample: draw *k* is a pure function of (index, k), the same on every
/// machine.
///
/// Only IEEE-exact operations are used here and in everything that follows from it (`+ - * /` and square
/// root, no `sin`, no fused multiply-add), so that pottery is the same bits wherever it is thrown.
struct SampleNoise {
  private let key: UInt64
  private var counter: UInt64 = 0

  init(index: Int) {
    key = SplitMix64.mix(UInt64(bitPattern: Int64(index)) ^ 0x706F_7474_6572_79)
  }

  /// Uniform in [0, 1), a multiple of 2^-24.
  mutating func uniform() -> Float {
    defer { counter &+= 1 }
    return Float(SplitMix64.word(counter, key: key) >> 40) * 0x1p-24
  }

  /// Uniform in `range`.
  mutating func uniform(_ range: ClosedRange<Float>) -> Float {
    range.lowerBound + (range.upperBound - range.lowerBound) * uniform()
  }

  /// Uniform in `0..<bound`.
  mutating func integer(below bound: Int) -> Int {
    min(bound - 1, Int(uniform() * Float(bound)))
  }
}
