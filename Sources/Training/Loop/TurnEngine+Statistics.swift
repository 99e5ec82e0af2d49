package import Models

extension TurnEngine {
  /// What the phases report of the last of `done` steps: the statistics of their last turns in it whose sums
  /// have come back, none of a phase whose turns were left out; and of statistics that not every turn
  /// computes the last values. So a line of the log is the same whether a run went on or was resumed.
  package func reported(after done: Int) -> [(Statistic, Float)] {
    model.phases.flatMap { phase in
      let isOfStep = hasReport(of: phase, after: done)
      return zip(phase.statistics, reports[phase.index].values).map { statistic, value in
        (statistic, statistic.isLazy ? state.lazyStatistics[statistic.key] ?? .nan : isOfStep ? value : .nan)
      }
    }.filter { (_: Statistic, value: Float) in !value.isNaN }
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
