/// A sub-step that trains one network.
public struct Phase: Hashable, Sendable {
  /// The position in ``Model/phases``.
  public let index: Int
  /// What the phase is called in logs: the name of the network it trains, as a rule.
  public let name: String
  /// The trained network's position in ``Model/networks``.
  public let network: Int
  /// What the phase minimises, for people.
  public let objective: String
  /// Whether it reads samples of the data, so that each of its turns gets fresh ones.
  public let readsSamples: Bool
  /// What the phase reports, means over the global batch.
  public let statistics: [Statistic]

  /// A phase.
  public init(
    index: Int, name: String, network: Int, objective: String = "", readsSamples: Bool = true,
    statistics: [Statistic]
  ) {
    self.index = index
    self.name = name
    self.network = network
    self.objective = objective
    self.readsSamples = readsSamples
    self.statistics = statistics
  }
}

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
}
