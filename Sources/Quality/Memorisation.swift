/// Whether generated samples are copies: how near fakes come to their nearest training sample, against how
/// near training samples come to one another.
public struct Memorisation: Equatable, Sendable {
  /// The median distance of a fake to its nearest training sample over that of a training sample to its
  /// nearest other. Around 1 or above for new samples, near 0 for copies; nil where half of the training
  /// samples or more are there twice, so that nothing is to be compared with.
  public let distanceRatio: Double?
  /// The share of fakes that are nearer to a training sample than 99 % of the training samples are to any
  /// other, but for those that are there twice: 0.01 for samples of the same distribution.
  public let copies: Double

  /// Compares fakes by the squared distance of each to its nearest training sample.
  /// - Precondition: there is a fake.
  public init(nearest: [Double], yardstick: Yardstick) {
    precondition(!nearest.isEmpty, "samples to compare")
    let fakes = nearest.sorted()
    distanceRatio = yardstick.median > 0 ? fakes[fakes.count / 2].squareRoot() / yardstick.median : nil
    copies = Double(fakes.count { $0 < yardstick.threshold }) / Double(fakes.count)
  }

  /// How near training samples come to one another.
  public struct Yardstick: Equatable, Sendable {
    /// The median distance of a training sample to its nearest other; 0 where rounding cannot tell them
    /// apart.
    public let median: Double
    /// The squared distance below which a hundredth of them are, those left out that rounding cannot tell
    /// from their nearest.
    public let threshold: Double

    /// Rows of the training samples, at equal distances, whose nearest others are looked for, at most.
    private static let probes = 2048

    /// - Precondition: there are two training samples.
    public init(training: Matrix) {
      precondition(training.rows > 1, "samples to compare")
      let count = min(Self.probes, training.rows)
      let places = (0..<count).map { $0 * training.rows / count }
      let probed = Matrix.stacked(places.map { training.rows($0..<$0 + 1) }, columns: training.columns)
      let own = probed.nearestSquaredDistances(in: training, leavingOut: places).sorted()
      // Equal samples are apart by what rounding leaves of |x|² + |y|² - 2 x·y.
      let rounding = Double(training.columns) * .ulpOfOne * (probed.squaredNorms.max() ?? 0)
      let middle = own[own.count / 2]
      median = middle > rounding ? middle.squareRoot() : 0
      let apart = own.filter { $0 > rounding }
      threshold = apart.isEmpty ? 0 : apart[apart.count / 100]
    }
  }
}
