package import MessagePassing

/// Which rank computes which micro-batch of a step.
///
/// The global batch is cut into `microBatches` equal parts whatever the world size: micro-batch *m* holds the
/// same samples and the same shapes on 1 rank and on 8. Each rank owns a contiguous range of them.
public struct MicroBatchPlan: Sendable, Equatable {
  /// Samples per step, over all ranks.
  public let batch: Int
  /// Parts of the batch; a power of two.
  public let microBatches: Int
  /// The number of ranks.
  public let worldSize: Int
  /// This rank.
  public let rank: Int

  /// A plan for one rank.
  ///
  /// - Throws: ``PlanError`` when the micro-batches are no power of two, do not divide the batch, or are
  ///   fewer than the ranks.
  /// - Precondition: `0 <= rank < worldSize`.
  public init(batch: Int, microBatches: Int, worldSize: Int, rank: Int) throws(PlanError) {
    precondition(0..<worldSize ~= rank, "rank \(rank) is not one of \(worldSize)")
    guard batch > 0 else { throw .emptyBatch(batch: batch) }
    guard microBatches > 0, microBatches & (microBatches - 1) == 0 else {
      throw .notPowerOfTwo(microBatches: microBatches, batch: batch)
    }
    guard batch % microBatches == 0 else {
      throw .indivisible(batch: batch, microBatches: microBatches)
    }
    guard worldSize <= microBatches else {
      throw .tooManyRanks(worldSize: worldSize, microBatches: microBatches, batch: batch)
    }
    self.batch = batch
    self.microBatches = microBatches
    self.worldSize = worldSize
    self.rank = rank
  }

  /// The plan of this rank of a communicator. Nothing is communicated.
  /// - Throws: as ``init(batch:microBatches:worldSize:rank:)``, on all ranks.
  package init(batch: Int, microBatches: Int, on communicator: any Communicator) throws(PlanError) {
    try self.init(
      batch: batch, microBatches: microBatches, worldSize: communicator.size, rank: communicator.rank)
  }

  /// Refuses data that do not fill one batch: a step would see samples twice.
  ///
  /// - Throws: ``PlanError/tooFewSamples(count:batch:worldSize:)``.
  public func check(sampleCount: Int) throws(PlanError) {
    guard batch <= sampleCount else {
      throw .tooFewSamples(count: sampleCount, batch: batch, worldSize: worldSize)
    }
  }

  /// Samples in a micro-batch.
  public var microBatchSize: Int { batch / microBatches }

  /// The micro-batches that this rank computes, ascending.
  public var local: Range<Int> { microBatches(of: rank) }

  /// This rank's micro-batches, ascending, in groups to be computed in one pass each: complete subtrees of
  /// ``tree`` with at most so many samples, or single ones.
  public func passes(ofAtMost samples: Int) -> [Range<Int>] {
    let most = max(samples / microBatchSize, 1)
    let level = most.bitWidth - 1 - most.leadingZeroBitCount
    return tree.pieces(of: local).flatMap { piece in
      let length = 1 << min(piece.level, level)
      return stride(from: piece.leaves.lowerBound, to: piece.leaves.upperBound, by: length)
        .map { $0..<$0 + length }
    }
  }

  /// The micro-batches of a rank. The counts of any two ranks differ by at most one.
  public func microBatches(of rank: Int) -> Range<Int> {
    Self.share(of: microBatches, for: rank, among: worldSize)
  }

  /// A rank's part of `count` pieces of work among `worldSize` ranks; the parts of all are in rank order, and
  /// their lengths differ by one at most.
  public static func share(of count: Int, for rank: Int, among worldSize: Int) -> Range<Int> {
    rank * count / worldSize..<(rank + 1) * count / worldSize
  }

  /// The positions of a micro-batch's samples in the global batch.
  public func samples(of microBatch: Int) -> Range<Int> {
    microBatch * microBatchSize..<(microBatch + 1) * microBatchSize
  }

  /// The tree in which the gradients of the micro-batches are added.
  public var tree: CanonicalTree { CanonicalTree(leafCount: microBatches) }
}
