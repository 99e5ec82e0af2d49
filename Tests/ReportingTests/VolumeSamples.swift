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

  /// From the middle of 32 x 32 x 32 voxels.
  static func distance(_ z: Int, _ y: Int, _ x: Int) -> Float {
    let (z, y, x) = (Float(z) - 15.5, Float(y) - 15.5, Float(x) - 15.5)
    return (x * x + y * y + z * z).squareRoot()
  }
}
