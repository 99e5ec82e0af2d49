/// A position in a ``VoxelBlock`` as whole numbers of 2^-16 voxels, whose cell is a shift away: rays go
/// through cells several times as fast as with positions that have to be rounded.
struct VoxelPlace {
  /// Along x, y and z; the fourth is 0.
  var fixed: SIMD4<Int32>

  private static let unit: Float = 65536

  /// The place nearest to `point` on its way to 0.
  @inline(__always)
  init(_ point: SIMD3<Float>) {
    let scaled = point * Self.unit
    fixed = SIMD4(Int32(scaled.x), Int32(scaled.y), Int32(scaled.z), 0)
  }

  /// In voxels.
  @inline(__always) var point: SIMD3<Float> {
    SIMD3(Float(fixed.x), Float(fixed.y), Float(fixed.z)) / Self.unit
  }

  /// The first of the 2 x 2 x 2 voxels around it.
  @inline(__always) var first: SIMD4<Int32> { fixed &>> SIMD4(repeating: 16) }

  /// How far it is from the first of them, in 0..<1.
  @inline(__always) var part: SIMD4<Float> {
    SIMD4<Float>(fixed & SIMD4(repeating: 0xFFFF)) / Self.unit
  }
}
