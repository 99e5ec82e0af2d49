public import Autograd
public import TensorCore

/// An exponential moving average of a network's parameters, kept in a network of the same architecture so that
/// samples can be drawn from it.
public struct ExponentialMovingAverage {
  /// The weight of the past in one update.
  public let decay: Float
  /// The averaged network.
  public let store: ParameterStore

  /// An average kept in `store`.
  public init(in store: ParameterStore, decay: Float) {
    self.decay = decay
    self.store = store
  }

  /// Lends the average to a step that moves it along with the network's parameters, then copies the network's
  /// buffers (running statistics), which are not averaged.
  ///
  /// average ← average + (1 - d)(parameters - average) with d = min(decay, (1 + n) / (10 + n)), so that the start of a
  /// run is soon forgotten.
  /// - Parameter n: the number of updates, this one included.
  /// - Precondition: `network` has the architecture of ``store``.
  public func follow(_ network: ParameterStore, update n: Int, _ step: (MovingAverage) -> Void) {
    precondition(network.count == store.count, "one architecture")
    let share = 1 - min(decay, (1 + Float(n)) / (10 + Float(n)))
    store.withValues { step(MovingAverage($0, share: share)) }
    store.copyBuffers(from: network)
  }
}
