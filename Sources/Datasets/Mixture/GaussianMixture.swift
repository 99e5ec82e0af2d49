public import TensorCore

/// Points of the plane from a mixture of equally likely Gaussians, as used to see mode collapse (Metz et al.
/// 2017, Srivastava et al. 2017, Lin et al. 2018). A sample is `[1, 1, 2]`, unscaled; its label is its mode.
///
/// The points are fixed: sample *i* is a pure function of *i*, the same bits on every machine.
public struct GaussianMixture: ImageDataset {
  /// Which mixture.
  public enum Kind: String, CaseIterable, Sendable {
    /// Eight modes on the circle of radius 1, of deviation 0.01.
    case ring
    /// Twenty-five modes on {-4, -2, 0, 2, 4}², of deviation 0.05.
    case grid
  }

  /// The Gaussians of a mixture, all equally likely.
  public struct Modes: Hashable, Sendable {
    /// The means.
    public let centres: [SIMD2<Float>]
    /// The standard deviation of each in every direction.
    public let deviation: Float

    /// Modes of one deviation.
    public init(centres: [SIMD2<Float>], deviation: Float) {
      self.centres = centres
      self.deviation = deviation
    }
  }

  /// Which mixture.
  public let kind: Kind
  /// The number of points.
  public let count: Int
  /// Where the points lie.
  public let modes: Modes
  /// Version of the generator, kind and number of points.
  public let fingerprint: DataFingerprint
  private let points: [SIMD2<Float>]

  /// The points of a data set unless the request says otherwise: those of PacGAN's experiments.
  public static let defaultCount = 100_000
  /// Raised with every change of any bit of any sample.
  private static let generatorVersion = 1

  /// `count` points.
  /// - Precondition: `count` is positive.
  public init(_ kind: Kind, count: Int = GaussianMixture.defaultCount) {
    precondition(count > 0, "a mixture of points")
    self.kind = kind
    self.count = count
    let modes = Self.modes(of: kind)
    self.modes = modes
    let hash = ContentHash(kind: "mixture \(kind.rawValue)")
    for number in [Self.generatorVersion, count] { hash.add(number) }
    fingerprint = hash.fingerprint()
    let noise = KeyedNoise(seed: 0, purpose: .synthetic, turn: 0).normal([count, 2]).scalars
    points = (0..<count).map { index in
      let offset = SIMD2(noise[2 * index], noise[2 * index + 1])
      return modes.centres[index % modes.centres.count] + modes.deviation * offset
    }
  }

  init(_ kind: Kind, _ request: DatasetRequest) throws(DatasetError) {
    guard request.size == 1, request.channels == 2 else {
      throw DatasetError(
        .unsuitable, "points of the plane are no images of size \(request.size)", kind.rawValue,
        "use a model of vectors, such as model.family=mlp-gan, or other data")
    }
    self.init(kind, count: request.count ?? Self.defaultCount)
    try request.check(labels: labelCount, "modes", place: kind.rawValue)
  }

  /// Points are no images.
  public var sampleName: String { "samples" }
  /// The kind.
  public var name: String { kind.rawValue }
  /// The coordinates, `[1, 1, 2]`.
  public var sampleShape: Shape { [1, 1, 2] }
  /// The number of modes.
  public var labelCount: Int { modes.centres.count }

  /// Writes the two coordinates of point `index`; its label is `index` modulo the number of modes.
  public func read(_ index: Int, into values: UnsafeMutablePointer<Float>) throws(DatasetError) -> Int32 {
    precondition(0 <= index && index < count, "sample \(index) of \(count)")
    (values[0], values[1]) = (points[index].x, points[index].y)
    return Int32(index % modes.centres.count)
  }

  /// The Gaussians of a mixture.
  public static func modes(of kind: Kind) -> Modes {
    switch kind {
    case .ring:
      // Written out, because a machine's cosine may differ in the last bit.
      let diagonal = Float(0.5).squareRoot()
      let quarter: [SIMD2<Float>] = [[1, 0], [diagonal, diagonal]]
      let half = quarter + quarter.map { [-$0.y, $0.x] }
      return Modes(centres: half + half.map { -$0 }, deviation: 0.01)
    case .grid:
      let places: [Float] = [-4, -2, 0, 2, 4]
      return Modes(centres: places.flatMap { y in places.map { [$0, y] } }, deviation: 0.05)
    }
  }
}
