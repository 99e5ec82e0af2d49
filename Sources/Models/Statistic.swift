/// A number that a phase reports.
public struct Statistic: Hashable, Sendable {
  /// What it is called in `log.jsonl` and TensorBoard: `d_x`.
  public let key: String
  /// What the progress line calls it, `D(x)`; nil keeps it off the line.
  public let label: String?
  /// Which plot it is drawn in; nil draws it in none.
  public let plot: String?
  /// Whether it is 0 in turns that do not compute it: the last value that was computed stands for it then,
  /// and nothing before the first.
  public let isLazy: Bool

  /// A statistic.
  public init(_ key: String, label: String? = nil, plot: String? = nil, isLazy: Bool = false) {
    self.isLazy = isLazy
    self.key = key
    self.label = label
    self.plot = plot
  }

  /// The key as people read it: `d accuracy`.
  public var words: String { String(key.map { $0 == "_" ? " " : $0 }) }
}

extension Statistic {
  /// The discriminator's loss.
  public static let discriminatorLoss = Statistic("loss_d", label: "loss D", plot: "loss")
  /// The share of real samples and fakes that the discriminator takes for what they are.
  public static let discriminatorAccuracy = Statistic("d_accuracy", plot: "discriminator")
  /// The mean sign of the discriminator's scores of real samples, by which ADA steers.
  public static let meanSign = Statistic("sign_real")
  /// The generator's loss.
  public static let generatorLoss = Statistic("loss_g", label: "loss G", plot: "loss")
  /// The mean absolute difference of completed samples from the real ones, without a weight.
  public static let reconstruction = Statistic("reconstruction", label: "L1", plot: "reconstruction")
}
