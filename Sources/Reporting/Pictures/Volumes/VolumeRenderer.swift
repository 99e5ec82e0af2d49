/// Draws a volume as a solid of clay on white: orthographic, seen from above and turned, lit from the upper
/// left.
///
/// Everything is computed with additions, multiplications, divisions and square roots alone, which IEEE 754
/// fixes to the bit.
struct VolumeRenderer {
  /// Pixels, of both sides.
  let side: Int

  /// Where the surface is. Between voxels that meet along an edge alone, as in a thin oblique wall, the value
  /// is 0: a little less holds them together.
  private static let level: Float = -0.1
  /// Rays in a pixel, along both of its sides.
  private static let rays = 2
  /// Linear, as all colours are until they become samples.
  private static let clay = SIMD3<Float>(0.72, 0.37, 0.21)

  // Seen from 25 degrees above, and turned by 30 degrees about the vertical axis.
  private static let rise: (sine: Float, cosine: Float) = (0.4226183, 0.9063078)
  private static let turn: (sine: Float, cosine: Float) = (0.5, 0.8660254)
  // The picture's directions in the axes of a block, where y comes towards the viewer and z goes down.
  private static let right = SIMD3<Float>(turn.cosine, -turn.sine, 0)
  private static let front = SIMD3<Float>(turn.sine, turn.cosine, 0)
  private static let up = SIMD3<Float>(0, 0, -rise.cosine) - rise.sine * front
  private static let viewer = SIMD3<Float>(0, 0, -rise.sine) + rise.cosine * front
  /// Towards the lamp, which hangs where that of the built-in pottery does.
  private static let lamp: SIMD3<Float> = -0.52 * right + 0.48 * up + 0.706 * viewer

  /// The picture of a volume, `side * side * 3` samples: red, green and blue in sRGB.
  /// - Parameter volume: `depth * height * width` values in [-1, 1], row-major, layers from the top.
  func samples(of volume: UnsafeBufferPointer<Float>, depth: Int, height: Int, width: Int) -> [UInt8] {
    var samples = [UInt8](repeating: 255, count: side * side * 3)
    guard let block = VoxelBlock(volume, depth: depth, height: height, width: width, above: Self.level)
    else { return samples }
    let size = SIMD3(Float(width), Float(height), Float(depth))
    // The whole volume has room in the picture, however much of it is full.
    let across = size.x * Self.right.x - size.y * Self.right.y
    let upright = (size.x * Self.front.x + size.y * Self.front.y) * Self.rise.sine + size.z * Self.rise.cosine
    let spacing = max(across, upright) / Float(side * Self.rays)
    let middle = (size - 1) / 2 - SIMD3<Float>(block.origin)
    let half = Float(side * Self.rays - 1) / 2
    VoxelScene.with(block, viewer: Self.viewer, lamp: Self.lamp) { scene in
      for row in 0..<side {
        for column in 0..<side {
          var (light, hits): (Float, Float) = (0, 0)
          for ray in 0..<Self.rays * Self.rays {
            let x = Float(column * Self.rays + ray % Self.rays) - half
            let y = half - Float(row * Self.rays + ray / Self.rays)
            let point = middle + spacing * (x * Self.right + y * Self.up)
            guard let surface = scene.surface(behind: point) else { continue }
            light += scene.shade(at: surface)
            hits += 1
          }
          guard hits > 0 else { continue }
          let rays = Float(Self.rays * Self.rays)
          let colour = (light * Self.clay + (rays - hits)) / rays
          for channel in 0..<3 {
            // A square root is near enough to sRGB's curve.
            samples[(row * side + column) * 3 + channel] = UInt8(
              (255 * min(1, colour[channel]).squareRoot()).rounded())
          }
        }
      }
    }
    return samples
  }
}
