public import TensorCore

/// What one rank reads for one step: its micro-batches, in order.
public struct LoadedStep: Sendable {
  /// This rank's micro-batches, by number.
  public let microBatches: [LoadedMicroBatch]
  /// Seconds that the consumer waited for this step: the part of loading that computation did not hide.
  public internal(set) var waited: Double
}

/// The samples of one micro-batch, or of several neighbours.
public struct LoadedMicroBatch: Sendable {
  /// The (first) micro-batch's number among all of the step's, on whatever rank.
  public let number: Int
  /// How many neighbours there are.
  public let parts: Int
  /// The samples' indices in the data set.
  package let indices: [Int]
  /// Pixels in [-1, 1], of shape `[samples, height, width, channels]`.
  public let images: Tensor
  /// One label per sample, -1 when the data set is unlabelled.
  public let labels: [Int32]
}
