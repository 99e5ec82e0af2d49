/// What the vessels of one class have in common: ranges for the control points of the profile, and for
/// handles.
struct VesselForm: Sendable {
  /// A point that the profile passes through. Radii are in the unit of ``VesselForm/height``.
  struct ControlPoint: Sendable {
    /// Fraction of the vessel's height, 0 at the foot.
    let z: ClosedRange<Float>
    let radius: ClosedRange<Float>
    /// The profile bends sharply here: an edge of the foot, a carinated shoulder.
    let isCorner: Bool

    init(_ z: ClosedRange<Float>, _ radius: ClosedRange<Float>, corner: Bool = false) {
      self.z = z
      self.radius = radius
      isCorner = corner
    }

    init(_ z: Float, _ radius: ClosedRange<Float>, corner: Bool = false) {
      self.init(z...z, radius, corner: corner)
    }
  }

  /// A loop seen from the side, attached at two heights (fractions of the vessel's).
  struct Handle: Sendable {
    let isPaired: Bool
    let upper: ClosedRange<Float>
    let lower: ClosedRange<Float>
    /// How far the loop stands out from where it is attached, in the unit of the radii.
    let reach: ClosedRange<Float>
    let thickness: ClosedRange<Float>
  }

  let name: String
  let height: ClosedRange<Float>
  let points: [ControlPoint]
  let handle: Handle?

  /// The classes, in the order of their labels.
  static let all = [amphora, bowl, plate, jar, jug, krater, lekythos, goblet]

  static let amphora = VesselForm(
    name: "amphora", height: 1...1.12,
    points: [
      ControlPoint(0, 0.10...0.13), ControlPoint(0.035, 0.10...0.12, corner: true),
      ControlPoint(0.06...0.08, 0.06...0.08), ControlPoint(0.34...0.40, 0.23...0.29),
      ControlPoint(0.52...0.60, 0.28...0.35), ControlPoint(0.69...0.73, 0.19...0.24),
      ControlPoint(0.78...0.81, 0.085...0.11), ControlPoint(0.88...0.91, 0.08...0.10),
      ControlPoint(0.955, 0.11...0.13, corner: true), ControlPoint(1, 0.12...0.14),
    ],
    handle: Handle(
      isPaired: true, upper: 0.89...0.92, lower: 0.68...0.71, reach: 0.12...0.18, thickness: 0.035...0.05))

  static let bowl = VesselForm(
    name: "bowl", height: 0.48...0.66,
    points: [
      ControlPoint(0, 0.16...0.21), ControlPoint(0.09, 0.15...0.19, corner: true),
      ControlPoint(0.12...0.14, 0.17...0.22), ControlPoint(0.34...0.42, 0.36...0.42),
      ControlPoint(0.66...0.74, 0.44...0.48), ControlPoint(1, 0.46...0.52),
    ],
    handle: nil)

  static let plate = VesselForm(
    name: "plate", height: 0.15...0.24,
    points: [
      ControlPoint(0, 0.22...0.30), ControlPoint(0.22, 0.21...0.29, corner: true),
      ControlPoint(0.45...0.55, 0.38...0.43), ControlPoint(0.80...0.86, 0.47...0.49),
      ControlPoint(1, 0.50...0.52),
    ],
    handle: nil)

  static let jar = VesselForm(
    name: "jar", height: 0.85...1.05,
    points: [
      ControlPoint(0, 0.17...0.23), ControlPoint(0.20...0.26, 0.30...0.36),
      ControlPoint(0.48...0.58, 0.38...0.45), ControlPoint(0.74...0.78, 0.30...0.35),
      ControlPoint(0.85...0.88, 0.20...0.25), ControlPoint(0.95, 0.23...0.27), ControlPoint(1, 0.26...0.31),
    ],
    handle: nil)

  static let jug = VesselForm(
    name: "jug", height: 0.95...1.1,
    points: [
      ControlPoint(0, 0.16...0.20), ControlPoint(0.04, 0.15...0.19, corner: true),
      ControlPoint(0.27...0.36, 0.28...0.34), ControlPoint(0.53...0.58, 0.22...0.27),
      ControlPoint(0.67...0.71, 0.11...0.14), ControlPoint(0.84...0.88, 0.10...0.13),
      ControlPoint(0.96, 0.14...0.17), ControlPoint(1, 0.15...0.18),
    ],
    handle: Handle(
      isPaired: false, upper: 0.90...0.94, lower: 0.46...0.52, reach: 0.18...0.26, thickness: 0.045...0.06))

  static let krater = VesselForm(
    name: "krater", height: 0.85...1,
    points: [
      ControlPoint(0, 0.20...0.24), ControlPoint(0.05, 0.20...0.23, corner: true),
      ControlPoint(0.09, 0.11...0.13), ControlPoint(0.14, 0.10...0.13),
      ControlPoint(0.26...0.32, 0.28...0.34),
      ControlPoint(0.50...0.60, 0.35...0.39), ControlPoint(0.85, 0.38...0.42), ControlPoint(1, 0.46...0.52),
    ],
    handle: Handle(
      isPaired: true, upper: 0.58...0.64, lower: 0.38...0.42, reach: 0.12...0.16, thickness: 0.045...0.06))

  static let lekythos = VesselForm(
    name: "lekythos", height: 1.05...1.2,
    points: [
      ControlPoint(0, 0.11...0.14), ControlPoint(0.04, 0.11...0.13, corner: true),
      ControlPoint(0.06, 0.05...0.07), ControlPoint(0.09, 0.06...0.08),
      ControlPoint(0.20...0.24, 0.13...0.16),
      ControlPoint(0.60...0.64, 0.16...0.20, corner: true), ControlPoint(0.69...0.71, 0.09...0.11),
      ControlPoint(0.75, 0.045...0.06), ControlPoint(0.86...0.88, 0.045...0.055),
      ControlPoint(0.91, 0.08...0.10), ControlPoint(1, 0.11...0.13),
    ],
    handle: Handle(
      isPaired: false, upper: 0.82...0.85, lower: 0.62...0.65, reach: 0.13...0.17, thickness: 0.035...0.045))

  static let goblet = VesselForm(
    name: "goblet", height: 0.82...1,
    points: [
      ControlPoint(0, 0.19...0.25), ControlPoint(0.03, 0.19...0.24, corner: true),
      ControlPoint(0.09, 0.06...0.09), ControlPoint(0.22...0.30, 0.035...0.055),
      ControlPoint(0.40, 0.07...0.10),
      ControlPoint(0.52...0.58, 0.24...0.30), ControlPoint(0.76...0.82, 0.29...0.35),
      ControlPoint(1, 0.28...0.36),
    ],
    handle: nil)
}
