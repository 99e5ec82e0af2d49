/// A vessel as voxels: hollow, with a floor, open at the mouth, upright in the middle of a cube of side 1.
///
/// The wall is what lies within its thickness of the profile, so that it is as thick where it lies flat as
/// where it stands. A voxel is sampled at 2 x 2 x 2 points; each is in the clay or not.
struct VesselVoxels {
  /// Thickness of walls, and of handles at the least: about two of 32 voxels.
  private static let thickness: Float = 0.06
  /// The radius of stems and necks at the least: thinner ones would break among 32 voxels.
  private static let narrowest: Float = 0.035
  /// Points of a voxel along each axis.
  private static let points = 2

  private let vessel: Vessel
  private let size: Int
  /// The radius of the body at each row of the profile.
  private let radii: [Float]
  /// That of the hollow; 0 in the floor and in a solid stem.
  private let hollow: [Float]
  /// Of every row of points from one side to the other: the distance from the middle, and its square.
  private let offsets: [Float]
  private let squares: [Float]

  init(_ vessel: Vessel, size: Int) {
    self.vessel = vessel
    self.size = size
    radii = vessel.profile.radii.map { max($0, Self.narrowest) }
    hollow = Self.hollow(radii, height: vessel.profile.height)
    let count = size * Self.points
    offsets = (0..<count).map { (Float($0) + 0.5) / Float(count) - 0.5 }
    squares = offsets.map { $0 * $0 }
  }

  /// Writes `size * size * size` values in [-1, 1]: layers from the top, rows along the axis across the
  /// handles, voxels along the axis that the handles lie on.
  func draw(into result: UnsafeMutablePointer<Float>) {
    result.update(repeating: -1, count: size * size * size)
    let foot = vessel.profile.height / 2
    for (line, offset) in offsets.enumerated() {
      let layer = result + line / Self.points * size * size
      let z = foot - offset
      let outer = 0 <= z && z <= vessel.profile.height ? radius(radii, at: z) : 0
      if outer > 0 {
        let inner = radius(hollow, at: z)
        addRing(to: layer, outer: outer * outer, inner: inner * inner)
      }
      for loop in vessel.loops { add(loop, at: z, to: layer, body: outer * outer) }
    }
  }

  /// What one point adds to the value of its voxel.
  private static let share = 2 / Float(points * points * points)

  /// Adds the points of one layer whose squared distance from the axis is at least `inner` and below `outer`.
  private func addRing(to layer: UnsafeMutablePointer<Float>, outer: Float, inner: Float) {
    let reach = outer.squareRoot()
    let first = max(0, Int((0.5 - reach) * Float(size)))
    let last = min(size - 1, Int((0.5 + reach) * Float(size)))
    squares.withUnsafeBufferPointer { squares in
      for line in first * Self.points..<(last + 1) * Self.points {
        let row = layer + line / Self.points * size
        for x in first...last {
          for point in 0..<Self.points {
            let square = squares[line] + squares[x &* Self.points &+ point]
            row[x] += square >= inner && square < outer ? Self.share : 0
          }
        }
      }
    }
  }

  /// Adds the points of a handle at height `z` above the foot: of a rod that is bent to half an elliptic
  /// ring, outside of the body.
  private func add(_ loop: Vessel.Loop, at z: Float, to layer: UnsafeMutablePointer<Float>, body: Float) {
    let rod = max(loop.halfThickness, Self.thickness / 2)
    for (line, square) in squares.enumerated() where square < rod * rod {
      let half = (rod * rod - square).squareRoot()
      let outer = Self.chord(loop.semiAxisX + half, loop.semiAxisY + half, at: z - loop.y)
      guard outer > 0 else { continue }
      let inner = Self.chord(loop.semiAxisX - half, loop.semiAxisY - half, at: z - loop.y)
      let row = layer + line / Self.points * size
      for (x, offset) in offsets.enumerated() {
        let place = loop.side * offset - loop.x
        guard place >= inner, place < outer, square + squares[x] >= body else { continue }
        row[x / Self.points] += Self.share
      }
    }
  }

  /// Half the chord of an ellipse at `y` from its centre; 0 outside, and of one that is none.
  private static func chord(_ semiAxisX: Float, _ semiAxisY: Float, at y: Float) -> Float {
    guard semiAxisX > 0, abs(y) < semiAxisY else { return 0 }
    let ratio = y / semiAxisY
    return semiAxisX * (1 - ratio * ratio).squareRoot()
  }

  /// Between the rows of a table over the vessel's height.
  private func radius(_ table: [Float], at z: Float) -> Float {
    let place = z / vessel.profile.height * Float(VesselProfile.steps)
    let step = min(VesselProfile.steps - 1, Int(place))
    return table[step] + (place - Float(step)) * (table[step + 1] - table[step])
  }

  /// Takes balls around all points of the profile out of the body; what is left is hollow. In a neck they
  /// leave half of the radius open, unless it is so narrow that its wall would be less than half as thick.
  private static func hollow(_ radii: [Float], height: Float) -> [Float] {
    let girth = radii.max()!
    let widest = radii.firstIndex(of: girth)!
    let balls = radii.indices.map {
      min(thickness, max(thickness, $0 < widest ? girth : radii[$0]) / 2)
    }
    let spacing = height / Float(VesselProfile.steps)
    let reach = Int(thickness / spacing)
    return radii.indices.map { row in
      guard Float(row) * spacing > balls[0] else { return 0 }
      var least = radii[row]
      for centre in max(0, row - reach)...min(VesselProfile.steps, row + reach) {
        let distance = Float(row - centre) * spacing
        let square = balls[centre] * balls[centre] - distance * distance
        if square > 0 { least = min(least, radii[centre] - square.squareRoot()) }
      }
      return max(0, least)
    }
  }
}
