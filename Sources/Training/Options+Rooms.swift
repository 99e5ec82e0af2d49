package import Datasets
package import Models
package import Networks

extension Options {
  /// Adam as the options set it for a network.
  package func adam(for network: String) -> Adam {
    let options = optimizer(of: network)
    return Adam(
      learningRate: options.learningRate, beta1: options.beta1, beta2: options.beta2, epsilon: options.epsilon
    )
  }

  /// How a network's step size changes over the run.
  package func learningRates(for network: String) -> LearningRateSchedule {
    let options = optimizer(of: network)
    return LearningRateSchedule(
      warmup: options.warmup, decay: options.decay, decaySteps: options.decaySteps ?? 0)
  }

  /// What a step of `model` consists of.
  package func schedule(of model: any Model) -> Schedule {
    Schedule(
      model.phases.map {
        Schedule.Rule($0, repeats: optimizer(of: model.networks[$0.network].name).turns)
      })
  }
}

extension DatasetRequest {
  /// The data that the options name.
  package init(_ options: Options) {
    let source =
      switch options.data {
      case .pottery: "pottery"
      case .mixture(let kind): kind.rawValue
      case .path(let path): path
      }
    self.init(
      source: source, size: options.size, channels: options.channels, count: options.dataset.count,
      labelCount: options.dataset.labels)
  }
}
