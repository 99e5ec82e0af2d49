/// Numbers of 16 bits with the exponent of `Float` and 8 significant bits (bfloat16), as vectors of them travel.
package enum BrainFloat {
  private typealias Bits = SIMD16<UInt32>

  /// Rounds to the nearest such number, ties to even; a NaN stays one.
  /// - Parameter target: room for `count` of 2 bytes each; may begin where the numbers do.
  package static func pack(_ numbers: UnsafePointer<Float>, into target: UnsafeMutableRawPointer, count: Int)
  {
    let source = UnsafeRawPointer(numbers)
    forEachBlock(count) { start, length in
      let bits = rounded(load(source + 4 &* start, length))
      let halves = SIMD16<UInt16>(truncatingIfNeeded: bits &>> 16)
      if length == 16 {
        target.storeBytes(of: halves, toByteOffset: 2 &* start, as: SIMD16<UInt16>.self)
      } else {
        for i in 0..<length {
          target.storeBytes(of: halves[i], toByteOffset: 2 &* (start &+ i), as: UInt16.self)
        }
      }
    }
  }

  /// The numbers as `Float`.
  /// - Parameter packed: `count` of 2 bytes each; may begin where `target` does.
  package static func unpack(
    _ packed: UnsafeRawPointer, into target: UnsafeMutablePointer<Float>, count: Int
  ) {
    let raw = UnsafeMutableRawPointer(target)
    // From the end, because a number takes more room than it comes from.
    for start in stride(from: (count - 1) & ~15, through: 0, by: -16) where count > 0 {
      if start &+ 16 <= count {
        let halves = packed.loadUnaligned(fromByteOffset: 2 &* start, as: SIMD16<UInt16>.self)
        raw.storeBytes(
          of: Bits(truncatingIfNeeded: halves) &<< 16, toByteOffset: 4 &* start, as: Bits.self)
      } else {
        for i in stride(from: count - 1, through: start, by: -1) {
          let half = packed.loadUnaligned(fromByteOffset: 2 &* i, as: UInt16.self)
          raw.storeBytes(of: UInt32(half) << 16, toByteOffset: 4 &* i, as: UInt32.self)
        }
      }
    }
  }

  /// Rounds where the numbers are, as ``pack(_:into:count:)`` does.
  package static func round(_ numbers: UnsafeMutablePointer<Float>, count: Int) {
    let raw = UnsafeMutableRawPointer(numbers)
    forEachBlock(count) { start, length in
      let bits = rounded(load(UnsafeRawPointer(raw) + 4 &* start, length))
      if length == 16 {
        raw.storeBytes(of: bits, toByteOffset: 4 &* start, as: Bits.self)
      } else {
        for i in 0..<length { raw.storeBytes(of: bits[i], toByteOffset: 4 &* (start &+ i), as: UInt32.self) }
      }
    }
  }

  private static func forEachBlock(_ count: Int, _ body: (_ start: Int, _ length: Int) -> Void) {
    var start = 0
    while start < count {
      body(start, min(16, count &- start))
      start &+= 16
    }
  }

  private static func load(_ source: UnsafeRawPointer, _ length: Int) -> Bits {
    if length == 16 { return source.loadUnaligned(as: Bits.self) }
    var bits = Bits.zero
    for i in 0..<length { bits[i] = source.loadUnaligned(fromByteOffset: 4 &* i, as: UInt32.self) }
    return bits
  }

  /// The nearest numbers whose lower halves are zero.
  private static func rounded(_ bits: Bits) -> Bits {
    let nearest = bits &+ 0x7fff &+ (bits &>> 16 & 1)
    // Carrying would make an infinity or a zero of a NaN.
    let isNaN = (bits & 0x7fff_ffff) .> 0x7f80_0000
    return nearest.replacing(with: bits | 0x40_0000, where: isNaN) & 0xffff_0000
  }
}
