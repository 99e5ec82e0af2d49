public import Autograd
public import TensorCore

/// An exponential moving average of a network's parameters, kept in a network of the same architecture so
/// that samples can be drawn from it.
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

  /// The average as a step that moves the network's parameters takes it along.
  ///
  /// average ← average + (1 - d)(parameters - average) with d = min(decay, (1 + n) / (10 + n)), so that the
  /// start of a run is soon forgotten.
  /// - Parameter n: the number of updates, this one included.
  public func following(update n: Int) -> MovingAverage {
    MovingAverage(store.values.pointer, share: 1 - min(decay, (1 + Float(n)) / (10 + Float(n))))
  }
}
