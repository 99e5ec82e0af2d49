import TensorCore

/// Volumes to draw and to mesh.
enum VolumeSamples {
  /// A cube of `side` voxels whose values are those of `value` at each voxel's z, y and x.
  static func volume(_ side: Int, _ value: (_ z: Int, _ y: Int, _ x: Int) -> Float) -> Tensor {
    var values: [Float] = []
    for z in 0..<side {
      for y in 0..<side {
        for x in 0..<side { values.append(value(z, y, x)) }
      }
    }
    return Tensor(values, shape: [side, side, side, 1])
  }

  /// A ball in the middle of 32 x 32 x 32 voxels, whose surface is at `radius`.
  static func ball(_ radius: Float) -> Tensor {
    volume(32) { z, y, x in max(-1, min(1, radius - distance(z, y, x))) }
  }

  /// What is between two radii, in the middle of 32 x 32 x 32 voxels.
  static func shell(_ inner: Float, _ outer: Float) -> Tensor {
    volume(32) { z, y, x in
      max(-1, min(1, min(outer - distance(z, y, x), distance(z, y, x) - inner)))
    }
  }

  /// What is hard to draw, of 28 x 24 x 36 voxels: an open vessel that leans, with a thin, soft wall and a
  /// lug; plates; and loose voxels.
  static func vessel() -> Tensor {
    var values: [Float] = []
    for z in 0..<28 {
      for y in 0..<24 {
        for x in 0..<36 {
          let (right, front) = (Float(x) - 10 - 0.125 * Float(z), Float(y) - 11)
          let radius = (right * right + 1.25 * front * front).squareRoot()
          let outer = 3 + Float(z * (28 - z)) / 28
          let wall = 1 - 1.5 * abs(radius - outer)
          let lug = abs(Float(z) - 12) < 3 && abs(front) < 2 ? 1 - abs(right - 11) : -1
          let base: Float = radius < outer ? 0.75 : -1
          let vessel = z < 4 ? -1 : z > 24 ? base : max(wall, lug)
          // So thin and close that smoothed values fall nowhere between them.
          let plates: Float = x >= 24 && x % 2 == 0 && y >= 8 && z >= 14 ? 0 : -1
          let loose: Float = (x * 7 + y * 5 + z * 11) % 521 == 3 ? 1 : -1
          values.append(max(-1, min(1, max(vessel, plates, loose))))
        }
      }
    }
    return Tensor(values, shape: [28, 24, 36, 1])
  }

  /// From the middle of 32 x 32 x 32 voxels.
  static func distance(_ z: Int, _ y: Int, _ x: Int) -> Float {
    let (z, y, x) = (Float(z) - 15.5, Float(y) - 15.5, Float(x) - 15.5)
    return (x * x + y * y + z * z).squareRoot()
  }
}
