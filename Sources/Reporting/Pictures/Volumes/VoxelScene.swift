/// A block of voxels with what drawing it takes: rays look for its surface, and the surface is shaded.
///
/// The surface is where the block's values, interpolated along all three axes, cross 0.
struct VoxelScene {
  /// Towards the viewer, of length 1.
  private let viewer: SIMD3<Float>
  /// Towards the lamp, of length 1.
  private let lamp: SIMD3<Float>
  /// The corners of a box around the surface.
  private let box: (lower: SIMD3<Float>, upper: SIMD3<Float>)
  /// From a voxel's index to that of the next row, and of the layer below.
  private let row: Int
  private let layer: Int
  private let values: UnsafePointer<Float>
  /// For each cell of 2 x 2 x 2 voxels, named by its first, how many steps lead to where a ray has to look
  /// again; 0 where the surface may be.
  private let steps: UnsafePointer<UInt8>
  /// Those of smoothed values, for normals that do not show each voxel's edges.
  private let gradients: UnsafePointer<SIMD4<Float>>
  private let light: UnsafePointer<SIMD2<Float>>

  /// Voxels.
  private static let step: Float = 0.5
  private static let bisections: Int32 = 6

  /// Calls `body` with the scene of `block`, which is valid within `body` only.
  static func with(
    _ block: VoxelBlock, viewer: SIMD3<Float>, lamp: SIMD3<Float>, _ body: (VoxelScene) -> Void
  ) {
    let light = VolumeLight.reaching(block, from: lamp)
    let (steps, gradients) = (steps(block), gradients(block))
    block.values.withUnsafeBufferPointer { values in
      steps.withUnsafeBufferPointer { steps in
        gradients.withUnsafeBufferPointer { gradients in
          light.withUnsafeBufferPointer { light in
            body(
              VoxelScene(
                viewer: viewer, lamp: lamp,
                box: (
                  SIMD3(repeating: Float(VoxelBlock.margin - 1)),
                  SIMD3<Float>(block.extents &- VoxelBlock.margin)
                ),
                row: block.strides.y, layer: block.strides.z, values: values.baseAddress!,
                steps: steps.baseAddress!, gradients: gradients.baseAddress!, light: light.baseAddress!))
          }
        }
      }
    }
  }

  /// Where the ray that comes to the viewer through `point` begins on the surface; nil if nowhere.
  @inline(__always)
  func surface(behind point: SIMD3<Float>) -> SIMD3<Float>? {
    // Where the ray enters and leaves the box.
    let (one, other) = ((box.lower - point) / -viewer, (box.upper - point) / -viewer)
    let (near, far) = (pointwiseMin(one, other).max(), pointwiseMax(one, other).min())
    guard near < far else { return nil }
    var place = VoxelPlace(point - near * viewer)
    let step = VoxelPlace(viewer * -Self.step).fixed
    var left = Int32((far - near) / Self.step) + 1
    while left > 0 {
      let skipped = steps[index(place)]
      if skipped == 0, value(at: place) > 0 {
        // The surface is within the last step, and then within ever shorter ones.
        for bisection in 1...Self.bisections {
          let shorter = step &>> SIMD4(repeating: bisection)
          place.fixed = value(at: place) > 0 ? place.fixed &- shorter : place.fixed &+ shorter
        }
        return place.point
      }
      let taken = Int32(max(1, skipped))
      place.fixed &+= step &* SIMD4(repeating: taken)
      left &-= taken
    }
    return nil
  }

  /// The light that a white surface sends back from `point`, which lies on it: Lambert's law for the lamp,
  /// and what comes from the sky.
  @inline(__always)
  func shade(at point: SIMD3<Float>) -> Float {
    let gradient = mix(gradients, at: VoxelPlace(point))
    // Values fall towards the outside.
    let outwards = SIMD3(-gradient.x, -gradient.y, -gradient.z)
    let length = Self.dot(outwards, outwards).squareRoot()
    // Where they fall nowhere the surface is drawn as if it faced the viewer.
    let normal = length > 1e-6 ? outwards / length : viewer
    // A voxel away from the surface, so that it does not stand in its own light.
    let reaching = mix(light, at: VoxelPlace(point + normal))
    let lambert = max(0, Self.dot(normal, lamp))
    return 0.06 + 0.28 * reaching.y * (0.7 - 0.3 * normal.z) + 0.92 * lambert * reaching.x
  }

  @inline(__always)
  private static func dot(_ left: SIMD3<Float>, _ right: SIMD3<Float>) -> Float {
    left.x * right.x + left.y * right.y + left.z * right.z
  }

  /// The first voxel of the cell around a place.
  @inline(__always)
  private func index(_ place: VoxelPlace) -> Int {
    let first = place.first
    return Int(first.z) &* layer &+ Int(first.y) &* row &+ Int(first.x)
  }

  @inline(__always)
  private func value(at place: VoxelPlace) -> Float {
    let (first, part) = (values + index(place), place.part)
    let left = SIMD4(first[0], first[row], first[layer], first[layer + row])
    let right = SIMD4(first[1], first[row + 1], first[layer + 1], first[layer + row + 1])
    let edges = left + part.x * (right - left)
    let faces = edges.evenHalf + part.y * (edges.oddHalf - edges.evenHalf)
    return faces.x + part.z * (faces.y - faces.x)
  }

  @inline(__always)
  private func mix<Vector: SIMD<Float>>(_ vectors: UnsafePointer<Vector>, at place: VoxelPlace) -> Vector {
    let (first, part) = (vectors + index(place), place.part)
    func edge(_ start: Int) -> Vector { first[start] + part.x * (first[start + 1] - first[start]) }
    let upper = edge(0) + part.y * (edge(row) - edge(0))
    let lower = edge(layer) + part.y * (edge(layer + row) - edge(layer))
    return upper + part.z * (lower - upper)
  }
}

// What is known of each voxel before any ray is sent.
extension VoxelScene {
  private static func steps(_ block: VoxelBlock) -> [UInt8] {
    let strides = block.strides
    // Cells that have a full voxel, and those at most two cells from one.
    var near = block.values.map { $0 > 0 ? 1 as UInt8 : 0 }
    for stride in [strides.x, strides.y, strides.z] { spread(&near, over: [0, stride]) }
    var around = near
    for stride in [strides.x, strides.y, strides.z] {
      spread(&around, over: [-2 * stride, -stride, 0, stride, 2 * stride])
    }
    // Four steps of half a voxel go no farther than two cells; the fifth looks.
    return zip(near, around).map { $0 > 0 ? 0 : $1 > 0 ? 1 : 5 }
  }

  /// Each becomes the greatest of those at `distances` from it.
  private static func spread(_ marks: inout [UInt8], over distances: [Int]) {
    let old = marks
    marks.withUnsafeMutableBufferPointer { marks in
      old.withUnsafeBufferPointer { old in
        for distance in distances where distance != 0 {
          for voxel in max(0, -distance)..<min(old.count, old.count - distance) {
            marks[voxel] = max(marks[voxel], old[voxel + distance])
          }
        }
      }
    }
  }

  private static func gradients(_ block: VoxelBlock) -> [SIMD4<Float>] {
    let strides = block.strides
    var smooth = block.values
    for stride in [strides.x, strides.y, strides.z] {
      let old = smooth
      smooth.withUnsafeMutableBufferPointer { smooth in
        old.withUnsafeBufferPointer { old in
          for voxel in stride..<old.count - stride {
            smooth[voxel] = 0.25 * (old[voxel - stride] + old[voxel + stride]) + 0.5 * old[voxel]
          }
        }
      }
    }
    var gradients = [SIMD4<Float>](repeating: .zero, count: smooth.count)
    smooth.withUnsafeBufferPointer { smooth in
      func slope(_ voxel: Int, _ stride: Int) -> Float { smooth[voxel + stride] - smooth[voxel - stride] }
      for voxel in strides.z..<smooth.count - strides.z {
        gradients[voxel] = SIMD4(
          slope(voxel, strides.x), slope(voxel, strides.y), slope(voxel, strides.z), 0)
      }
    }
    return gradients
  }
}
