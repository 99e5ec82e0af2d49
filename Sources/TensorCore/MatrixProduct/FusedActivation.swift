/// An activation that a linear layer or a normalisation applies in the same pass over memory.
public enum FusedActivation: Hashable, Sendable {
  /// z.
  case identity
  /// max(z, 0).
  case relu
  /// z where z > 0, `slope` · z elsewhere.
  case leakyReLU(slope: Float)

  /// The factor for z ≤ 0, where that for z > 0 is 1.
  package var slope: Float {
    switch self {
    case .identity: 1
    case .relu: 0
    case .leakyReLU(let slope): slope
    }
  }
}

/// What every rectifier does, fused or not: `value` is z itself, or a gradient on its way back through the
/// rectifier of z.
///
/// Where z is a NaN the value passes, so that a NaN stays one. A slope of 0 gives 0, not `0 · value`, which
/// would be a NaN for an infinite value.
enum Rectifier {
  @inline(__always)
  static func pass(_ value: Float, at z: Float, slope: Float) -> Float {
    z <= 0 ? (slope == 0 ? 0 : slope * value) : value
  }

  @inline(__always)
  static func pass(_ value: SIMD8<Float>, at z: SIMD8<Float>, slope: Float) -> SIMD8<Float> {
    let scaled = unsafeBitCast(value * slope, to: SIMD8<UInt32>.self) & SIMD8(repeating: kept(slope))
    return value.replacing(with: unsafeBitCast(scaled, to: SIMD8<Float>.self), where: z .<= 0)
  }

  @inline(__always)
  static func pass(_ value: SIMD16<Float>, at z: SIMD16<Float>, slope: Float) -> SIMD16<Float> {
    let scaled = unsafeBitCast(value * slope, to: SIMD16<UInt32>.self) & SIMD16(repeating: kept(slope))
    return value.replacing(with: unsafeBitCast(scaled, to: SIMD16<Float>.self), where: z .<= 0)
  }

  /// The bits that are kept of `slope · value`. A mask of them costs vectors an operation, where a choice
  /// between them and zero becomes a branch for each.
  @inline(__always)
  private static func kept(_ slope: Float) -> UInt32 { slope == 0 ? 0 : .max }
}
