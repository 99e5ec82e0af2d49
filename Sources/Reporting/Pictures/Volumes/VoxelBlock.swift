/// The part of a volume whose values are above a level, surrounded by voxels that are below it, so that the
/// surface between them is closed.
///
/// A voxel above the level is full; outside of the volume nothing is. Positions are (x, y, z) in voxels from
/// the centre of the block's first voxel; y comes towards the viewer and z goes down, as the volume's layers
/// do, which is a right-handed system.
struct VoxelBlock {
  /// Voxels around those that are full: as far as gradients, and light beside the surface, are asked for.
  static let margin = 3

  /// Voxels along x, y and z, margins included.
  let extents: SIMD3<Int>
  /// The voxel of the volume that is the block's first; it may lie outside.
  let origin: SIMD3<Int>
  /// How far values are above the level, x innermost. Values count within [-1, 1], and NaN as -1.
  let values: [Float]

  /// What is full of a volume; nil if nothing is.
  /// - Parameters:
  ///   - volume: `depth * height * width` values in row-major order, layers from the top.
  ///   - level: above -1.
  init?(_ volume: UnsafeBufferPointer<Float>, depth: Int, height: Int, width: Int, above level: Float) {
    precondition(volume.count == depth * height * width, "\(volume.count) values do not fill the volume")
    let size = SIMD3(width, height, depth)
    var (lower, upper) = (size, SIMD3(repeating: -1))
    for z in 0..<depth {
      for y in 0..<height {
        let row = volume[(z * height + y) * width..<(z * height + y + 1) * width]
        guard let first = row.firstIndex(where: { $0 > level }),
          let last = row.lastIndex(where: { $0 > level })
        else { continue }
        lower = pointwiseMin(lower, SIMD3(first - row.startIndex, y, z))
        upper = pointwiseMax(upper, SIMD3(last - row.startIndex, y, z))
      }
    }
    guard upper.x >= 0 else { return nil }
    origin = lower &- Self.margin
    extents = upper &- lower &+ (2 * Self.margin + 1)

    var values = [Float](repeating: -1 - level, count: extents.x * extents.y * extents.z)
    let (start, end) = (pointwiseMax(origin, .zero), pointwiseMin(origin &+ extents, size))
    for z in start.z..<end.z {
      for y in start.y..<end.y {
        let source = (z * height + y) * width
        let target = ((z - origin.z) * extents.y + y - origin.y) * extents.x - origin.x
        for x in start.x..<end.x {
          // `Float.maximum` returns the number when the other argument is NaN.
          values[target + x] = Float.minimum(1, Float.maximum(-1, volume[source + x])) - level
        }
      }
    }
    self.values = values
  }

  /// What is added to an index of ``values`` for the next voxel along x, y and z.
  var strides: SIMD3<Int> { SIMD3(1, extents.x, extents.x * extents.y) }
}
