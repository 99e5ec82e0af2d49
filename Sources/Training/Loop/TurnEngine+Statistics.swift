package import Models

extension TurnEngine {
  /// The statistics of each phase's last turn whose sums have come back, with their values: those that have
  /// been measured since the start. What is no number never comes back from a sum.
  package var reported: [(Statistic, Float)] {
    zip(model.phases.flatMap(\.statistics), statistics.joined()).filter { !$1.isNaN }
  }

  /// The step sizes of the last of `done` steps, of networks whose step size changes over the run.
  func stepSizes(_ options: Options, after done: Int) -> [(Statistic, Float)] {
    model.networks.enumerated().compactMap { index, network in
      changingRate(of: index, at: done - 1).map { factor in
        let rate = options.optimizer(of: network.name).learningRate * factor
        return (Statistic("learning_rate_\(network.name)"), Float(rate))
      }
    }
  }
}
