/// How much light reaches each voxel of a block, which is what makes the inside of a vessel dark.
///
/// Light comes from above only, so one pass over the layers, each from the one above it, tells what all
/// voxels get from a direction.
enum VolumeLight {
  /// What reaches each voxel of `block` from the lamp (x) and from the sky (y), each in 0...1.
  /// - Parameter lamp: the direction towards the lamp, with z below 0.
  static func reaching(_ block: VoxelBlock, from lamp: SIMD3<Float>) -> [SIMD2<Float>] {
    // A voxel at the surface lets half of the light through. Those beside it soon let everything through:
    // they stand above one another at an upright wall.
    let clear = block.values.map { Float.minimum(1, Float.maximum(0, 0.5 - 4 * $0)) }
    var light = [SIMD2<Float>](repeating: .zero, count: clear.count)
    light.withUnsafeMutableBufferPointer { light in
      clear.withUnsafeBufferPointer { clear in
        pass(through: clear, block.extents, shift: SIMD2(lamp.x, lamp.y) / -lamp.z) { light[$0].x = $1 }
        for y in -1...1 {
          for x in -1...1 {
            pass(through: clear, block.extents, shift: SIMD2(Float(x), Float(y))) { light[$0].y += $1 / 9 }
          }
        }
      }
    }
    return light
  }

  /// Hands out what reaches each voxel from a direction.
  /// - Parameter shift: voxels along x and y, from a voxel to where its light leaves the layer above; each
  ///   within -1...1.
  @inline(__always)
  private static func pass(
    through clear: UnsafeBufferPointer<Float>, _ extents: SIMD3<Int>, shift: SIMD2<Float>,
    _ take: (_ voxel: Int, _ light: Float) -> Void
  ) {
    let (width, height) = (extents.x, extents.y)
    let whole = shift.rounded(.down)
    let part = shift - whole
    let weights = SIMD4(
      (1 - part.x) * (1 - part.y), part.x * (1 - part.y), (1 - part.x) * part.y, part.x * part.y)
    // What leaves the layer above, with a border of two voxels through which everything comes.
    let border = 2
    let stride = width + 2 * border
    let offset = (border + Int(whole.y)) * stride + border + Int(whole.x)
    let count = stride * (height + 2 * border)
    withUnsafeTemporaryAllocation(of: Float.self, capacity: 2 * count) { layers in
      layers.initialize(repeating: 1)
      var (above, here) = (layers.baseAddress!, layers.baseAddress! + count)
      var voxel = 0
      for _ in 0..<extents.z {
        for y in 0..<height {
          let source = above + y * stride + offset
          let target = here + (border + y) * stride + border
          for x in 0..<width {
            let upper = weights.x * source[x] + weights.y * source[x + 1]
            let value = upper + (weights.z * source[x + stride] + weights.w * source[x + stride + 1])
            target[x] = value * clear[voxel]
            take(voxel, value)
            voxel += 1
          }
        }
        swap(&above, &here)
      }
    }
  }
}
