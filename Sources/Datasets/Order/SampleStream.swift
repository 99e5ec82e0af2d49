/// The samples of a run in global order: epoch after epoch, each a permutation of the whole data set.
///
/// Position `p` counts the samples of all ranks since the run began; batch *b* of size *n* is the positions
/// `b * n ..< (b + 1) * n`, across the ends of epochs. Nothing here knows the number of ranks: a rank reads
/// the positions of its micro-batches, so every sample is used exactly once per epoch on any world size.
public struct SampleStream: Sendable {
  /// The number of samples of an epoch.
  public let count: Int
  private let seed: UInt64

  /// The order of a data set of `count` samples under `seed`.
  /// - Precondition: `count > 0`.
  public init(count: Int, seed: UInt64) {
    precondition(count > 0, "an empty data set has no order")
    self.count = count
    self.seed = seed
  }

  /// The indices of the samples at `positions`, in their order.
  public func indices(at positions: Range<Int>) -> [Int] {
    var result: [Int] = []
    result.reserveCapacity(positions.count)
    var permutation = EpochPermutation(count: count, seed: seed, epoch: positions.lowerBound / count)
    for position in positions {
      if position % count == 0 {
        permutation = EpochPermutation(count: count, seed: seed, epoch: position / count)
      }
      result.append(permutation[position % count])
    }
    return result
  }
}
