/// The square transforms of one F(m × m, r × r), ready to be called.
public struct TileTransforms: Sendable {
  /// Transforms squares of rows of channels.
  ///
  /// Row (y, x) of the source, `inputs²` of them, begins at `from[y * inputs + x]`, those of the result,
  /// `outputs²`, at `to[y * outputs + x]`; `count` channels of each, a multiple of 16. `between` is room for
  /// ``scratchCount`` floats.
  public typealias Transform =
    @Sendable (
      _ from: UnsafePointer<UnsafePointer<Float>>, _ to: UnsafePointer<UnsafeMutablePointer<Float>>,
      _ between: UnsafeMutablePointer<Float>, _ count: Int
    ) -> Void

  /// Bᵀ d B.
  public let input: Transform
  /// G g Gᵀ.
  public let kernel: Transform
  /// Aᵀ m A.
  public let output: Transform
  /// A y Aᵀ.
  public let upstream: Transform
  /// Gᵀ m G.
  public let gradient: Transform

  /// Floats that a transform needs beside its operands.
  public static let scratchCount = 36 * Vector.scalarCount

  /// F(2 × 2, 2 × 2).
  public static let twoOutputsTwoTaps = TileTransforms(TwoOutputsTwoTaps.self)
  /// F(4 × 4, 2 × 2).
  public static let fourOutputsTwoTaps = TileTransforms(FourOutputsTwoTaps.self)
  /// F(2 × 2, 3 × 3).
  public static let twoOutputsThreeTaps = TileTransforms(TwoOutputsThreeTaps.self)
  /// F(4 × 4, 3 × 3).
  public static let fourOutputsThreeTaps = TileTransforms(FourOutputsThreeTaps.self)

  @inline(__always)
  private init<Maps: WinogradMaps>(_: Maps.Type) {
    input = { transform(Maps.Input.self, $0, $1, $2, $3) }
    kernel = { transform(Maps.Kernel.self, $0, $1, $2, $3) }
    output = { transform(Maps.Output.self, $0, $1, $2, $3) }
    upstream = { transform(Maps.Upstream.self, $0, $1, $2, $3) }
    gradient = { transform(Maps.Gradient.self, $0, $1, $2, $3) }
  }
}

/// Applies a map along the columns of a square, then along its rows.
@inline(__always)
private func transform<Line: LineTransform>(
  _: Line.Type, _ from: UnsafePointer<UnsafePointer<Float>>,
  _ to: UnsafePointer<UnsafeMutablePointer<Float>>, _ between: UnsafeMutablePointer<Float>, _ count: Int
) {
  let lanes = Vector.scalarCount
  let scratch = UnsafeMutableRawPointer(between)
  var channel = 0
  while channel < count {
    var x = 0
    while x < Line.inputs {
      Line.apply(
        { UnsafeRawPointer(from[$0 &* Line.inputs &+ x] + channel).loadUnaligned(as: Vector.self) },
        {
          scratch.storeBytes(
            of: $1, toByteOffset: ($0 &* Line.inputs &+ x) &* lanes &* 4, as: Vector.self)
        })
      x &+= 1
    }
    var y = 0
    while y < Line.outputs {
      Line.apply(
        {
          scratch.loadUnaligned(fromByteOffset: (y &* Line.inputs &+ $0) &* lanes &* 4, as: Vector.self)
        },
        {
          UnsafeMutableRawPointer(to[y &* Line.outputs &+ $0] + channel).storeBytes(of: $1, as: Vector.self)
        })
      y &+= 1
    }
    channel &+= lanes
  }
}
