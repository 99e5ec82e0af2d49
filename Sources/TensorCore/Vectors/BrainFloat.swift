/// Numbers of 16 bits with the exponent of `Float` and 8 significant bits (bfloat16), as vectors of them
/// travel.
package enum BrainFloat {
  private typealias Bits = SIMD16<UInt32>

  /// Rounds to the nearest such number, ties to even; a NaN stays one.
  /// - Parameter target: room for `count` of 2 bytes each; may begin where the numbers do.
  package static func pack(_ numbers: UnsafePointer<Float>, into target: UnsafeMutableRawPointer, count: Int)
  {
    let source = UnsafeRawPointer(numbers)
    for start in stride(from: 0, to: count, by: 16) {
      let length = min(16, count &- start)
      let bits = rounded(load(source + 4 &* start, length))
      store(SIMD16<UInt16>(truncatingIfNeeded: bits &>> 16), to: target + 2 &* start, length)
    }
  }

  /// The numbers as `Float`.
  /// - Parameter packed: `count` of 2 bytes each; may begin where `target` does.
  package static func unpack(
    _ packed: UnsafeRawPointer, into target: UnsafeMutablePointer<Float>, count: Int
  ) {
    let raw = UnsafeMutableRawPointer(target)
    // From the end, because a number takes more room than it comes from.
    for start in stride(from: (count &- 1) & ~15, through: 0, by: -16) {
      let length = min(16, count &- start)
      let halves: SIMD16<UInt16> = load(packed + 2 &* start, length)
      store(Bits(truncatingIfNeeded: halves) &<< 16, to: raw + 4 &* start, length)
    }
  }

  /// Rounds where the numbers are, as ``pack(_:into:count:)`` does.
  package static func round(_ numbers: UnsafeMutablePointer<Float>, count: Int) {
    let raw = UnsafeMutableRawPointer(numbers)
    for start in stride(from: 0, to: count, by: 16) {
      let length = min(16, count &- start)
      store(rounded(load(UnsafeRawPointer(raw) + 4 &* start, length)), to: raw + 4 &* start, length)
    }
  }

  /// The first `length` lanes.
  @inline(__always)
  private static func load<Lane: BitwiseCopyable>(_ source: UnsafeRawPointer, _ length: Int) -> SIMD16<Lane>
  where Lane: FixedWidthInteger {
    if length == 16 { return source.loadUnaligned(as: SIMD16<Lane>.self) }
    var lanes = SIMD16<Lane>()
    let width = MemoryLayout<Lane>.size
    for i in 0..<length { lanes[i] = source.loadUnaligned(fromByteOffset: width &* i, as: Lane.self) }
    return lanes
  }

  /// The first `length` lanes.
  @inline(__always)
  private static func store<Lane>(
    _ lanes: SIMD16<Lane>, to target: UnsafeMutableRawPointer, _ length: Int
  ) where Lane: FixedWidthInteger {
    if length == 16 { return target.storeBytes(of: lanes, as: SIMD16<Lane>.self) }
    let width = MemoryLayout<Lane>.size
    for i in 0..<length { target.storeBytes(of: lanes[i], toByteOffset: width &* i, as: Lane.self) }
  }

  /// The nearest numbers whose lower halves are zero.
  private static func rounded(_ bits: Bits) -> Bits {
    let nearest = bits &+ 0x7fff &+ (bits &>> 16 & 1)
    // Carrying would make an infinity or a zero of a NaN.
    let isNaN = (bits & 0x7fff_ffff) .> 0x7f80_0000
    return nearest.replacing(with: bits | 0x40_0000, where: isNaN) & 0xffff_0000
  }
}
