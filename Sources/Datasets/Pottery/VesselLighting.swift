/// The colour of a vessel at a point of the picture: Lambert's law over an ambient light, for a light at the
/// upper left.
///
/// Positions are relative to the middle of the foot, in frame units. Colours are linear in [0, 1]; a grey
/// picture uses the first component.
struct VesselLighting {
  /// The width of the lip around the mouth.
  let lipWidth: Float

  private let vessel: Vessel
  private let pixel: Float
  private let rim: Float

  private static let light = SIMD3<Float>(-0.52, 0.48, 0.706)
  private static let ambient: Float = 0.30

  /// - Parameter pixel: the side of a pixel in frame units, over which painted edges are smoothed.
  init(_ vessel: Vessel, pixel: Float) {
    self.vessel = vessel
    self.pixel = pixel
    rim = vessel.profile.radii[VesselProfile.steps]
    lipWidth = min(0.022, rim * 0.3)
  }

  /// The outside, whose point at (x, y) lies on the circle of height z with
  /// `y = z - tilt * sqrt(r(z)^2 - x^2)`.
  func body(x: Float, y: Float, isColour: Bool) -> SIMD3<Float> {
    var step = vessel.profile.step(at: y)
    var z = y
    for _ in 0..<2 {
      let radius = vessel.profile.radii[step]
      z = y + vessel.tilt * max(0, radius * radius - x * x).squareRoot()
      step = vessel.profile.step(at: z)
    }
    let radius = vessel.profile.radii[step]
    let across = max(-1, min(1, x / radius))
    let normal = SIMD3(across, -vessel.profile.slopes[step], (1 - across * across).squareRoot())
    let clay = surface(paint: paintCover(z), isColour: isColour)
    return clay * Self.lambert(normal)
  }

  /// The edge around the mouth, which faces upwards.
  func lip(x: Float, isColour: Bool) -> SIMD3<Float> {
    let tone = 0.93 - 0.22 * x / rim
    return surface(paint: paintCover(vessel.profile.height), isColour: isColour) * tone
  }

  /// The far wall seen through the mouth: light falls on its right half and fades towards the depth of the
  /// vessel.
  func inside(x: Float, y: Float, isColour: Bool) -> SIMD3<Float> {
    let across = max(-1, min(1, x / rim))
    let edge = vessel.profile.height + vessel.tilt * rim * (1 - across * across).squareRoot()
    let depth = max(0, min(1, (edge - y) / (2 * vessel.tilt * rim)))
    let hollow = vessel.profile.height / (vessel.profile.height + 0.8 * rim)
    let wall = Self.lambert(SIMD3(-across, 0.2, (1 - across * across).squareRoot()))
    return surface(paint: 0, isColour: isColour) * (wall * (1 - hollow) * (1 - hollow * depth) + 0.06)
  }

  /// A handle, shaded as a round rod.
  func handle(x: Float, y: Float, isColour: Bool) -> SIMD3<Float> {
    let loop = vessel.loops.first { $0.side * x > 0 } ?? vessel.loops[0]
    let dx = (x * loop.side - loop.x) / loop.semiAxisX
    let dy = (y - loop.y) / loop.semiAxisY
    let distance = (dx * dx + dy * dy).squareRoot()
    let offset = (distance - 1) * min(loop.semiAxisX, loop.semiAxisY) / loop.halfThickness
    let across = max(-1, min(1, offset)) / max(distance, 0.01)
    let normal = SIMD3(loop.side * dx * across, dy * across, max(0, 1 - across * across).squareRoot())
    // A dipped vessel's handles were dipped with it.
    return surface(paint: paintCover(vessel.profile.height), isColour: isColour) * Self.lambert(normal)
  }

  /// How much of the surface at height `z` is painted, smooth over a pixel.
  private func paintCover(_ z: Float) -> Float {
    var cover: Float = 0
    for band in vessel.bands {
      let rise = max(0, min(1, (z - band.bottom) / pixel + 0.5))
      let fall = max(0, min(1, (z - band.top) / pixel + 0.5))
      cover = max(cover, rise - fall)
    }
    return cover
  }

  private func surface(paint: Float, isColour: Bool) -> SIMD3<Float> {
    let finish = vessel.finish
    if isColour { return finish.clay + (finish.paint - finish.clay) * paint }
    return SIMD3(
      repeating: finish.clayLightness + (finish.paintLightness - finish.clayLightness) * paint)
  }

  private static func lambert(_ normal: SIMD3<Float>) -> Float {
    let square = normal.x * normal.x + normal.y * normal.y + normal.z * normal.z
    let cosine =
      (normal.x * light.x + normal.y * light.y + normal.z * light.z) / max(square, 1e-6).squareRoot()
    return ambient + (1 - ambient) * max(0, cosine)
  }
}
