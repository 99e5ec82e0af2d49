public import TensorCore

/// The surface of a volume as a closed mesh of quadrilaterals, for other programs to show or to print.
///
/// These are naive surface nets, after Gibson, "Constrained elastic surface nets" (MICCAI 1998), without the
/// relaxation: each cell of 2 x 2 x 2 voxels that the surface passes has one vertex, the mean of where the
/// surface crosses the cell's edges, and each pair of neighbouring voxels of which one is full has a
/// quadrilateral between the four cells around it.
///
/// A voxel is full where its value is above 0; outside of the volume nothing is, so that the mesh is closed.
/// Where full voxels meet along an edge alone, four quadrilaterals meet there.
public struct VolumeMesh: Sendable {
  /// (x, y, z) in voxels, right-handed with z upwards; the volume's voxels fill `[0, W] x [0, H] x [0, D]`.
  /// Its first layer is the highest, its first row has the greatest y.
  package let vertices: [SIMD3<Float>]
  /// Four indices of ``vertices`` each, counter-clockwise as seen from outside.
  package let quads: [SIMD4<Int32>]

  /// The surface at 0 of `volume`, `[D, H, W, 1]`: layers from the top, values in [-1, 1].
  ///
  /// Values outside are clamped, and NaN is empty. A volume without full voxels has no vertices.
  public init(_ volume: Tensor) {
    precondition(
      volume.shape.rank == 4 && volume.shape[3] == 1, "a volume is [D, H, W, 1], not \(volume.shape)")
    let (depth, height, width) = (volume.shape[0], volume.shape[1], volume.shape[2])
    let block = volume.withUnsafeBufferPointer {
      VoxelBlock($0, depth: depth, height: height, width: width, above: 0)
    }
    guard let block else {
      (vertices, quads) = ([], [])
      return
    }
    // From positions in the block, where z and y run the other way: half a turn about x.
    let first = SIMD3<Float>(block.origin)
    let corner = SIMD3(first.x + 0.5, Float(height) - first.y - 0.5, Float(depth) - first.z - 0.5)
    let direction = SIMD3<Float>(1, -1, -1)

    let strides = block.strides
    var (vertices, quads): ([SIMD3<Float>], [SIMD4<Int32>]) = ([], [])
    // The vertex of each cell, which is named by its first voxel.
    var vertexOfCell = [Int32](repeating: -1, count: block.values.count)
    // What is full ends before the margin, so that all indices are within the block.
    for z in 0..<block.extents.z - 1 {
      for y in 0..<block.extents.y - 1 {
        for x in 0..<block.extents.x - 1 {
          let cell = z * strides.z + y * strides.y + x
          guard let vertex = Self.vertex(of: cell, block) else { continue }
          vertexOfCell[cell] = Int32(vertices.count)
          vertices.append(corner + direction * (SIMD3(Float(x), Float(y), Float(z)) + vertex))
        }
      }
    }
    for voxel in strides.z + strides.y..<block.values.count - strides.z {
      for axis in 0..<3 {
        let isFull = block.values[voxel] > 0
        guard isFull != (block.values[voxel + strides[axis]] > 0) else { continue }
        // Around the axis as a right-handed screw turns that goes along it.
        let (second, third) = (strides[(axis + 1) % 3], strides[(axis + 2) % 3])
        let quad = SIMD4(
          vertexOfCell[voxel - second - third], vertexOfCell[voxel - third], vertexOfCell[voxel],
          vertexOfCell[voxel - second])
        quads.append(isFull ? quad : SIMD4(quad.w, quad.z, quad.y, quad.x))
      }
    }
    (self.vertices, self.quads) = (vertices, quads)
  }

  /// Wavefront OBJ: a comment, a line `v x y z` for each vertex with three decimals, and a line `f a b c d`
  /// for each quadrilateral, whose vertices count from 1. Equal meshes give equal bytes.
  public func obj() -> [UInt8] {
    var text =
      "# The surface of a volume, in voxels, z upwards: \(vertices.count) vertices, \(quads.count) quads\n"
    for vertex in vertices {
      let numbers = (0..<3).map { FixedDecimal.text(Double(vertex[$0]), places: 3) }
      text += "v \(numbers[0]) \(numbers[1]) \(numbers[2])\n"
    }
    for quad in quads { text += "f \(quad.x + 1) \(quad.y + 1) \(quad.z + 1) \(quad.w + 1)\n" }
    return Array(text.utf8)
  }

  /// The mean of where the surface crosses a cell's edges, from the cell's first voxel; nil if nowhere.
  private static func vertex(of cell: Int, _ block: VoxelBlock) -> SIMD3<Float>? {
    let strides = block.strides
    var sum = SIMD3<Float>.zero
    var crossings: Float = 0
    for start in 0..<8 {
      let offset = SIMD3(start & 1, start >> 1 & 1, start >> 2)
      let voxel = cell + offset.x * strides.x + offset.y * strides.y + offset.z * strides.z
      let value = block.values[voxel]
      for axis in 0..<3 where offset[axis] == 0 {
        let next = block.values[voxel + strides[axis]]
        guard (value > 0) != (next > 0) else { continue }
        var crossing = SIMD3<Float>(offset)
        crossing[axis] = value / (value - next)
        sum += crossing
        crossings += 1
      }
    }
    return crossings > 0 ? sum / crossings : nil
  }
}
