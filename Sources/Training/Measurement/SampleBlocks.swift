import Datasets
import Models
import Quality
import Synchronization
import TensorCore

/// Samples in blocks of a fixed size, which ranks share: a block is computed in the same shapes whoever
/// computes it, and blocks are put together in their order, so that no result depends on the number of ranks.
struct SampleBlocks {
  /// Samples of a block; the last one may have fewer.
  static let size = 64
  let count: Int

  /// The matrix whose rows `rows` gives block by block: one all-gather of 8 bytes a rank, one of 8 bytes a
  /// value.
  /// - Throws: what `rows` throws, on all ranks; `CommunicationError`.
  func gathered(
    columns: Int, over exchange: RankExchange, _ rows: (Range<Int>) throws -> Matrix
  ) throws -> Matrix {
    try gathered(exchange.together { try local(columns: columns, exchange, rows) }, over: exchange)
  }

  /// All rows, from those that each rank has.
  func gathered(_ local: Matrix, over exchange: RankExchange) throws -> Matrix {
    let parts = try exchange.allGather(local.values)
    return Matrix(rows: count, columns: local.columns, values: parts.flatMap { $0 })
  }

  /// This rank's rows.
  func local(columns: Int, _ exchange: RankExchange, _ rows: (Range<Int>) throws -> Matrix) rethrows -> Matrix
  {
    let blocks = exchange.share(of: (count + Self.size - 1) / Self.size)
    let parts = try blocks.map { block in
      exchange.noteProgress()
      return try rows(block * Self.size..<min((block + 1) * Self.size, count))
    }
    return Matrix.stacked(parts, columns: columns)
  }
}

extension ImageDataset {
  /// The samples at `indices` as one tensor, `[n, H, W, C]` of images, and their labels. A sign of life: what
  /// is done with all samples may take long.
  func labelledImages(at indices: some Collection<Int>) throws(DatasetError) -> (
    images: Tensor, labels: [Int]
  ) {
    let storage = TensorStorage(count: indices.count * valuesPerImage)
    var labels: [Int] = []
    for (place, index) in indices.enumerated() {
      labels.append(Int(try read(index, into: storage.pointer + place * valuesPerImage)))
    }
    Reading.samples.add(indices.count, ordering: .relaxed)
    return (
      Tensor(viewOf: storage, offset: 0, shape: Shape([indices.count] + sampleShape.extents)), labels
    )
  }

  /// The samples at `indices` as one tensor, `[n, H, W, C]` of images.
  func images(at indices: some Collection<Int>) throws(DatasetError) -> Tensor {
    try labelledImages(at: indices).images
  }
}

extension Model {
  /// Features of fakes: `count` of them, from latents that depend on the seed and their places alone; for a
  /// model that is asked by class each class as often as in the data that `reference` looked at. A model with
  /// a context completes samples of these data, and how well it does is measured too.
  /// - Throws: `DatasetError` for a sample that cannot be read, on all ranks; `CommunicationError`.
  func features(
    of count: Int, against reference: QualityReference, seed: UInt64, turn: Int, isAveraged: Bool,
    over exchange: RankExchange
  ) throws -> (features: Matrix, completions: Completions?) {
    let space = reference.space
    let dataset = (reference.dataset as? PairOriginals)?.pairs ?? reference.dataset
    let source = LatentSource(of: self, cutting: dataset, seed: seed, purpose: .measurement, turn: turn)
    let classes = classes(of: count, shares: reference.classShares)
    let columns = space.count + (context == nil ? 0 : Completions.columns)
    let all = try SampleBlocks(count: count).gathered(columns: columns, over: exchange) { range in
      let drawn = try source.draw(range)
      let samples = samples(
        drawn.latents, classes: Array(classes.dropFirst(range.lowerBound).prefix(range.count)),
        isAveraged: isAveraged)
      let features = space.features(of: samples)
      guard let context, let originals = drawn.originals else { return features }
      return features.beside(
        Completions(of: samples, with: originals, latents: drawn.latents, cutBy: context).numbers)
    }
    guard context != nil else { return (all, nil) }
    return (
      all.columns(0..<space.count), Completions(numbers: all.columns(space.count..<columns))
    )
  }

  /// The classes of `count` samples, each as often as its share says: the quantiles (i + 1/2) / count lie in
  /// them. Their order is drawn, so that the first of the samples are of all classes too. Every class in turn
  /// without shares; empty for a model that is not asked by class.
  package func classes(of count: Int, shares: [Double]) -> [Int] {
    guard classCount > 0, shares.count == classCount else { return classes(inTurnFrom: 0, count: count) }
    var sums: [Double] = []
    for share in shares { sums.append((sums.last ?? 0) + share) }
    let last = shares.lastIndex { $0 > 0 } ?? 0
    let order = EpochPermutation(count: max(count, 1), seed: 0, epoch: 0)
    return (0..<count).map { index in
      let quantile = (Double(order[index]) + 0.5) / Double(count)
      return sums.firstIndex { $0 > quantile } ?? last
    }
  }
}
