public import Autograd
import TensorCore

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

  /// average ← average + (1 - d)(parameters - average) with d = min(decay, (1 + n) / (10 + n)) after n updates, so
  /// that the start of a run is soon forgotten. Buffers (running statistics) are copied, not averaged.
  /// - Parameter count: n; by default past the ramp.
  /// - Precondition: `network` has the architecture of ``store``.
  public func update(from network: ParameterStore, updates count: Int = 1 << 40) {
    precondition(
      network.count == store.count && network.buffers.count == store.buffers.count, "one architecture")
    let step = 1 - min(decay, (1 + Float(count)) / (10 + Float(count)))
    network.flatValues.withUnsafePointer { values in
      store.withValues { average in
        for i in 0..<network.count { average[i] += step * (values[i] - average[i]) }
      }
    }
    store.copyBuffers(from: network)
  }
}
