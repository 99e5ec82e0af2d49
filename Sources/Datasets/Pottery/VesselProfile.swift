/// The radius of a vessel as a function of height, tabulated: a monotone cubic spline through control points
/// (Fritsch and Butland 1984), which swings beyond none of them.
struct VesselProfile: Sendable {
  /// Radius and slope at `steps + 1` equally spaced heights.
  let radii: [Float]
  let slopes: [Float]
  /// The vessel's height, in the unit of the radii.
  let height: Float

  static let steps = 128

  /// - Parameters:
  ///   - knots: at least two, heights as fractions ascending from 0 to 1.
  ///   - height: by which the fractions are multiplied.
  init(knots: [(z: Float, radius: Float, isCorner: Bool)], height: Float) {
    let count = knots.count
    let secants = (0..<count - 1).map { index in
      (knots[index + 1].radius - knots[index].radius) / ((knots[index + 1].z - knots[index].z) * height)
    }
    // The slope at which a segment is entered and left: one value at a smooth knot, two at a corner.
    func tangent(_ knot: Int, segment: Int) -> Float {
      if knot == 0 || knot == count - 1 || knots[knot].isCorner { return secants[segment] }
      let (before, after) = (secants[knot - 1], secants[knot])
      return before * after <= 0 ? 0 : 2 * before * after / (before + after)
    }
    var radii: [Float] = []
    var slopes: [Float] = []
    radii.reserveCapacity(Self.steps + 1)
    slopes.reserveCapacity(Self.steps + 1)
    var segment = 0
    for step in 0...Self.steps {
      let z = Float(step) / Float(Self.steps)
      while segment < count - 2 && z > knots[segment + 1].z { segment += 1 }
      let (start, end) = (knots[segment], knots[segment + 1])
      let length = (end.z - start.z) * height
      let t = (z - start.z) / (end.z - start.z)
      let (m0, m1) = (
        tangent(segment, segment: segment) * length, tangent(segment + 1, segment: segment) * length
      )
      let difference = end.radius - start.radius
      let b = 3 * difference - 2 * m0 - m1
      let c = m0 + m1 - 2 * difference
      radii.append(start.radius + t * (m0 + t * (b + t * c)))
      slopes.append((m0 + t * (2 * b + t * 3 * c)) / length)
    }
    self.radii = radii
    self.slopes = slopes
    self.height = height
  }

  private init(radii: [Float], slopes: [Float], height: Float) {
    self.radii = radii
    self.slopes = slopes
    self.height = height
  }

  /// The same form, larger by `factor`; slopes do not change.
  func scaled(by factor: Float) -> VesselProfile {
    VesselProfile(radii: radii.map { factor * $0 }, slopes: slopes, height: factor * height)
  }

  /// The row of the table at height `z`, clamped to the vessel.
  func step(at z: Float) -> Int {
    max(0, min(Self.steps, Int(z / height * Float(Self.steps) + 0.5)))
  }

  /// The radius at height `z`, clamped to the vessel.
  func radius(at z: Float) -> Float { radii[step(at: z)] }

  /// The largest radius.
  var girth: Float { radii.max()! }
}
