/// One vessel, placed in a frame of height and width 1 with y upwards.
struct Vessel: Sendable {
  /// A loop that stands out to one side: the outer half of an elliptic ring.
  struct Loop: Sendable {
    /// -1 to the left, 1 to the right.
    let side: Float
    /// Distance of the ring's centre from the axis, and its height above the foot.
    let x: Float
    let y: Float
    let semiAxisX: Float
    let semiAxisY: Float
    let halfThickness: Float
  }

  /// A painted zone between two heights above the foot.
  struct Band: Sendable {
    let bottom: Float
    let top: Float
  }

  let label: Int
  let profile: VesselProfile
  let loops: [Loop]
  /// The axis.
  let x: Float
  /// The height of the foot's centre.
  let y: Float
  /// The sine of the angle from which the viewer looks down: a horizontal circle of radius r appears r * tilt
  /// high.
  let tilt: Float
  let finish: VesselFinish
  let bands: [Band]

  /// Vessel number `index`; its class is `index % classes`.
  init(index: Int) {
    var noise = SampleNoise(index: index)
    label = index % VesselForm.all.count
    let form = VesselForm.all[label]
    let height = noise.uniform(form.height)
    let stoutness = noise.uniform(0.9...1.1)
    let knots = form.points.map { point in
      (z: noise.uniform(point.z), radius: stoutness * noise.uniform(point.radius), isCorner: point.isCorner)
    }
    tilt = noise.uniform(0.13...0.21)
    let raw = VesselProfile(knots: knots, height: height)
    let rawLoops = form.handle.map { Self.loops($0, on: raw, &noise) } ?? []

    // Fill the frame but for a margin, whatever the form.
    let (foot, mouth) = (tilt * raw.radii[0], tilt * raw.radii[VesselProfile.steps])
    let reach = rawLoops.map { $0.x + $0.semiAxisX + $0.halfThickness }.max() ?? 0
    let extentX = 2 * max(raw.girth, reach)
    let extentY = height + foot + mouth
    let scale = noise.uniform(0.80...0.88) / max(extentX, extentY)
    let slack = 1 - scale * max(extentX, extentY)
    x = 0.5 + slack * 0.22 * (noise.uniform() + noise.uniform() - 1)
    y = (1 - scale * extentY) / 2 + scale * foot + slack * 0.22 * (noise.uniform() + noise.uniform() - 1)
    profile = raw.scaled(by: scale)
    loops = rawLoops.map { loop in
      Loop(
        side: loop.side, x: scale * loop.x, y: scale * loop.y, semiAxisX: scale * loop.semiAxisX,
        semiAxisY: scale * loop.semiAxisY, halfThickness: scale * loop.halfThickness)
    }
    finish = VesselFinish(&noise)
    bands = Self.bands(height: scale * height, &noise)
  }

  private static func loops(
    _ handle: VesselForm.Handle, on profile: VesselProfile, _ noise: inout SampleNoise
  ) -> [Loop] {
    let upper = noise.uniform(handle.upper) * profile.height
    let lower = noise.uniform(handle.lower) * profile.height
    let reach = noise.uniform(handle.reach)
    let halfThickness = noise.uniform(handle.thickness) / 2
    let attached = min(profile.radius(at: upper), profile.radius(at: lower))
    let right = Loop(
      side: noise.uniform() < 0.5 ? -1 : 1, x: attached - halfThickness, y: (upper + lower) / 2,
      semiAxisX: reach, semiAxisY: (upper - lower) / 2, halfThickness: halfThickness)
    guard handle.isPaired else { return [right] }
    let left = Loop(
      side: -right.side, x: right.x, y: right.y, semiAxisX: right.semiAxisX, semiAxisY: right.semiAxisY,
      halfThickness: halfThickness)
    return [right, left]
  }

  /// Plain, a few narrow bands, one broad one, or a dipped upper part.
  private static func bands(height: Float, _ noise: inout SampleNoise) -> [Band] {
    switch noise.integer(below: 5) {
    case 0, 1: return []
    case 2:
      let width = noise.uniform(0.035...0.06) * height
      let start = noise.uniform(0.25...0.55) * height
      return (0..<2 + noise.integer(below: 2)).map { number in
        let bottom = start + Float(number) * 2.4 * width
        return Band(bottom: bottom, top: bottom + width)
      }
    case 3:
      let bottom = noise.uniform(0.28...0.45) * height
      return [Band(bottom: bottom, top: bottom + noise.uniform(0.16...0.26) * height)]
    default:
      return [Band(bottom: noise.uniform(0.62...0.8) * height, top: 2 * height)]
    }
  }
}
