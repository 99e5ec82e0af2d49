extension Pottery {
  /// Which pixels of image `index` belong to the sherds that were found: 1 found, 0 lost, `size * size`
  /// values from the top row. For completion: the image times the mask is what is given.
  ///
  /// The frame breaks into Voronoi cells around seven random points; three or four of them are found.
  public func fragmentMask(_ index: Int) -> [UInt8] {
    var noise = SampleNoise(index: ~index)
    let points = (0..<7).map { _ in (x: noise.uniform(0.15...0.85), y: noise.uniform(0.1...0.9)) }
    // The points are exchangeable, so the first few are as good as any.
    let found = 3 + noise.integer(below: 2)
    return [UInt8](unsafeUninitializedCapacity: size * size) { mask, initialized in
      for row in 0..<size {
        for column in 0..<size {
          let (x, y) = ((Float(column) + 0.5) / Float(size), (Float(row) + 0.5) / Float(size))
          var nearest = (distance: Float.infinity, point: 0)
          for (point, centre) in points.enumerated() {
            let (dx, dy) = (x - centre.x, y - centre.y)
            let distance = dx * dx + dy * dy
            if distance < nearest.distance { nearest = (distance, point) }
          }
          mask[row * size + column] = nearest.point < found ? 1 : 0
        }
      }
      initialized = size * size
    }
  }

  /// Vessel `index` as `side^3` voxels, 1 inside: `[z, y, x]`, z from the top. The solid of revolution of the
  /// profile, without handles, centred; its larger extent fills 30/32 of the cube.
  public func voxels(_ index: Int, side: Int = 32) -> [UInt8] {
    let profile = Vessel(index: index).profile
    let scale = max(profile.height, 2 * profile.girth) * 32 / 30
    return [UInt8](unsafeUninitializedCapacity: side * side * side) { voxels, initialized in
      for layer in 0..<side {
        let z = (0.5 - (Float(layer) + 0.5) / Float(side)) * scale + profile.height / 2
        let radius = z >= 0 && z <= profile.height ? profile.radius(at: z) : 0
        for row in 0..<side {
          for column in 0..<side {
            let y = ((Float(row) + 0.5) / Float(side) - 0.5) * scale
            let x = ((Float(column) + 0.5) / Float(side) - 0.5) * scale
            voxels[(layer * side + row) * side + column] = x * x + y * y < radius * radius ? 1 : 0
          }
        }
      }
      initialized = side * side * side
    }
  }
}
