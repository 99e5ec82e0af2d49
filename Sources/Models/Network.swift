public import Autograd
import Networks

/// A trained network.
public struct Network {
  /// The parameters and buffers.
  public let store: ParameterStore
  /// A network of the same architecture that holds the exponential moving average, if one is kept.
  public let average: ParameterStore?
  /// What no parameter's magnitude exceeds: each is cut off there after every update. Nil for no bound.
  public let weightLimit: Float?
  /// Brings what follows from the parameters and is kept in buffers up to date; called after every update.
  public let afterUpdate: (() -> Void)?

  /// A network, with or without an average.
  public init(
    _ store: ParameterStore, average: ParameterStore? = nil, weightLimit: Float? = nil,
    afterUpdate: (() -> Void)? = nil
  ) {
    self.store = store
    self.average = average
    self.weightLimit = weightLimit
    self.afterUpdate = afterUpdate
  }

  /// A network of the layers of a module, and of those of one like it that hold the average.
  init(named name: String, _ module: Any, average: Any) {
    self.init(
      ParameterStore(name: name, module: module), average: ParameterStore(name: name, module: average))
  }

  /// Brings what follows from the parameters up to date where these are entirely new: by as many steps as
  /// PyTorch's spectral norm takes at its start.
  public func settle() {
    guard let afterUpdate else { return }
    for _ in 0..<15 { afterUpdate() }
  }

  /// What the network is called in recipes and checkpoints.
  public var name: String { store.name }

  /// Its average, where one is asked for and kept, or what is trained.
  func store(averaged: Bool) -> ParameterStore { averaged ? average ?? store : store }
}
