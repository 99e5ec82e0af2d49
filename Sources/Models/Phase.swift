/// A sub-step that trains one network.
public struct Phase: Hashable, Sendable {
  /// The sides of a game. What balances and watches a game goes by them.
  public enum Role: Hashable, Sendable {
    /// It tells real samples from fakes; its phase reports ``Statistic/discriminatorLoss``.
    case discriminator
    /// It makes the fakes; its phase reports ``Statistic/generatorLoss``.
    case generator
  }

  /// The position in ``Model/phases``.
  public let index: Int
  /// What the phase is called in logs: the name of the network it trains, as a rule.
  public let name: String
  /// The trained network's position in ``Model/networks``.
  public let network: Int
  /// Whose turn of a game it is; nil in a model that is none.
  public let role: Role?
  /// What the phase minimises, for people.
  public let objective: String
  /// Whether it reads samples of the data, so that each of its turns gets fresh ones.
  public let readsSamples: Bool
  /// What the phase reports, means over the global batch.
  public let statistics: [Statistic]

  /// A phase.
  public init(
    index: Int, name: String, network: Int, role: Role? = nil, objective: String = "",
    readsSamples: Bool = true,
    statistics: [Statistic]
  ) {
    self.index = index
    self.name = name
    self.network = network
    self.role = role
    self.objective = objective
    self.readsSamples = readsSamples
    self.statistics = statistics
  }
}
