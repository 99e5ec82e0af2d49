package import Datasets
package import MessagePassing
package import Quality

/// What a game is watched by: real samples in the principal components of their pixels, whatever space
/// quality is measured in and however, because what the watch decides changes weights.
package struct WatchReference {
  /// The space and real samples in it.
  package let real: QualityReference
  /// How near fakes come to training samples; nil unless that is looked at.
  package let neighbours: TrainingNeighbours?

  /// The components and real samples that games are watched by.
  private static let (components, samples) = (64, 2048)

  /// Looks at the training samples unless `other` has done so in the same way. All ranks call.
  /// - Throws: as `QualityReference`.
  package init(
    _ dataset: any ImageDataset, _ options: Options, like other: QualityReference?,
    over communicator: any Communicator
  ) throws {
    let quality = options.quality
    if let other, quality.space == .pca, quality.components == Self.components,
      quality.samples == Self.samples
    {
      real = other
    } else {
      real = try QualityReference(
        components: Self.components, samples: Self.samples, of: PairOriginals.of(dataset, options.context),
        isRaw: options.modelsPoints, over: communicator)
    }
    neighbours =
      options.watch.copies > 0 && dataset.count > 1
      ? TrainingNeighbours(
        try real.trainingFeatures(over: communicator), over: RankExchange(communicator)) : nil
  }
}

/// The training samples among which the nearest of each fake is looked for, every rank keeping some of them:
/// blocks of a fixed size, so that no distance depends on the number of ranks.
package struct TrainingNeighbours {
  private let blocks: [Matrix]
  private let yardstick: Memorisation.Yardstick

  private static let rows = 2048

  /// Keeps this rank's part of `training`, which all ranks have.
  package init(_ training: Matrix, over exchange: RankExchange) {
    let count = (training.rows + Self.rows - 1) / Self.rows
    blocks = exchange.share(of: count).map {
      training.rows($0 * Self.rows..<min(($0 + 1) * Self.rows, training.rows))
    }
    yardstick = Memorisation.Yardstick(training: training)
  }

  /// Whether fakes, which all ranks have, are copies: one all-gather of 8 bytes a fake.
  package func memorisation(of fakes: Matrix, over exchange: RankExchange) throws -> Memorisation {
    var nearest = [Double](repeating: .infinity, count: fakes.rows)
    for block in blocks {
      exchange.noteProgress()
      for (fake, distance) in fakes.nearestSquaredDistances(in: block).enumerated() {
        nearest[fake] = min(nearest[fake], distance)
      }
    }
    let all = try exchange.allGather(nearest)
    return Memorisation(
      nearest: nearest.indices.map { fake in all.reduce(.infinity) { min($0, $1[fake]) } },
      yardstick: yardstick)
  }
}
