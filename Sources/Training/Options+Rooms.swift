package import Datasets
package import Networks

extension Options {
  /// Adam as the options set it for a network.
  package func adam(for network: String) -> Adam {
    let options = optimizer(of: network)
    return Adam(
      learningRate: options.learningRate, beta1: options.beta1, beta2: options.beta2, epsilon: options.epsilon
    )
  }
}

extension DatasetRequest {
  /// The data that the options name.
  package init(_ options: Options) {
    let source =
      switch options.data {
      case .pottery: "pottery"
      case .path(let path): path
      }
    self.init(
      source: source, size: options.size, channels: options.channels, count: options.dataset.count,
      labelCount: options.dataset.labels)
  }
}
