import DataParallel
package import Datasets
package import MessagePassing
package import Quality
import TensorCore

/// What fakes are measured against: the feature space and what the training samples are in it, the same on
/// every rank.
package struct QualityReference {
  /// Whose samples they are.
  let dataset: any ImageDataset
  /// What makes vectors of samples.
  package let space: any FeatureSpace
  /// The moments of the training samples' features.
  package let moments: Moments
  /// The features of as many of them as fakes are drawn, or of all.
  package let real: Matrix
  /// The share of each of the space's modes among training samples; empty if it knows none.
  let modeShares: [Double]
  /// The share of each label among training samples; empty if they have none.
  package let classShares: [Double]
  /// The SHA-256 of the weights that the space was given; nil of a space that is made from the data.
  package let weightsSHA256: String?

  /// Training samples that are looked at, at most; of more, a random choice.
  static let longest = 65_536
  /// Parts of the data set whose moments are summed in a canonical tree; on more ranks some have none.
  private static let leaves = 16

  /// Looks at the training samples in their own principal components, every rank at its part. All ranks call.
  ///
  /// Communicated: the moments of the pixels (d(d + 3)/2 + 1 numbers of 8 bytes a piece of the tree, d at
  /// most ``PrincipalComponents/longestInput``), how often each label occurs, and the features of `real`.
  /// - Parameters:
  ///   - components: of the space.
  ///   - samples: rows of ``real``.
  /// - Throws: what a sample that cannot be read throws, on all ranks; `DatasetError` if the samples have no
  ///   components; `CommunicationError`.
  package init(
    components: Int, samples: Int, of dataset: any ImageDataset, isRaw: Bool,
    over communicator: any Communicator
  ) throws {
    let input = PrincipalComponents.Input(dataset.sampleShape, isRaw: isRaw)
    let survey = try Survey(of: dataset, dimensions: input.count, over: communicator) {
      (input.vectors(of: $0), [])
    }
    guard let space = PrincipalComponents(input, moments: survey.moments, count: components) else {
      throw DatasetError(
        .unsuitable, "the training samples have no principal components, in which quality is measured",
        dataset.name, "look for values that are not finite, or give another quality.space")
    }
    try self.init(
      space, moments: space.features(of: survey.moments), survey, samples: samples, weightsSHA256: nil,
      of: dataset, over: communicator)
  }

  /// Looks at the training samples in a space that is there already, every rank at its part. All ranks call.
  ///
  /// Communicated: the moments of the features, how often each label and mode occurs, and the features of
  /// `real`.
  /// - Parameter weightsSHA256: of the weights that the space was given.
  /// - Throws: as the other initialiser.
  package init(
    space: any FeatureSpace, samples: Int, weightsSHA256: String? = nil, of dataset: any ImageDataset,
    over communicator: any Communicator
  ) throws {
    let survey = try Survey(
      of: dataset, dimensions: space.count, modeCount: space.modeCount, over: communicator
    ) { images in
      let features = space.features(of: images)
      return (features, space.modeCount > 0 ? space.modes(of: features) : [])
    }
    try self.init(
      space, moments: survey.moments, survey, samples: samples, weightsSHA256: weightsSHA256, of: dataset,
      over: communicator)
  }

  private init(
    _ space: any FeatureSpace, moments: Moments, _ survey: Survey, samples: Int, weightsSHA256: String?,
    of dataset: any ImageDataset, over communicator: any Communicator
  ) throws {
    self.dataset = dataset
    self.space = space
    self.moments = moments
    self.weightsSHA256 = weightsSHA256
    modeShares = survey.modeShares
    classShares = survey.labelShares
    real = try Self.features(
      Self.places(min(samples, dataset.count), of: dataset), of: dataset, in: space, over: communicator)
  }

  /// The features of the training samples that are looked at. All ranks call.
  /// - Throws: as the initialiser.
  package func trainingFeatures(over communicator: any Communicator) throws -> Matrix {
    try Self.features(
      Self.places(min(dataset.count, Self.longest), of: dataset), of: dataset, in: space, over: communicator)
  }

  private static func features(
    _ places: [Int], of dataset: any ImageDataset, in space: any FeatureSpace,
    over communicator: any Communicator
  ) throws -> Matrix {
    try SampleBlocks(count: places.count).gathered(columns: space.count, over: RankExchange(communicator)) {
      space.features(of: try dataset.images(at: places[$0]))
    }
  }

  /// `count` places in the data set, ascending: drawn, because data whose classes take turns would show few
  /// of them at equal distances; the same for all data of that length.
  private static func places(_ count: Int, of dataset: any ImageDataset) -> [Int] {
    let order = EpochPermutation(count: dataset.count, seed: 0, epoch: 0)
    return (0..<count).map { order[$0] }.sorted()
  }

  /// One pass over the training samples: the moments of what `describe` makes of them, their labels and
  /// modes.
  private struct Survey {
    let moments: Moments
    let labelShares: [Double]
    let modeShares: [Double]

    init(
      of dataset: any ImageDataset, dimensions: Int, modeCount: Int = 0, over communicator: any Communicator,
      _ describe: (Tensor) -> (vectors: Matrix, modes: [Int])
    ) throws {
      let exchange = RankExchange(communicator)
      let places = QualityReference.places(min(dataset.count, QualityReference.longest), of: dataset)
      let tree = CanonicalTree(leafCount: QualityReference.leaves)
      var (labels, modes): ([Int], [Int]) = ([], [])
      func moments(_ node: CanonicalTree.Node) throws -> Moments {
        guard node.level == 0 else {
          let left = CanonicalTree.Node(level: node.level - 1, index: 2 * node.index)
          let right = CanonicalTree.Node(level: node.level - 1, index: 2 * node.index + 1)
          return try moments(left) + moments(right)
        }
        var sum = Moments(dimensions: dimensions)
        let leaves = QualityReference.leaves
        let part = places[node.index * places.count / leaves..<(node.index + 1) * places.count / leaves]
        for start in stride(from: part.startIndex, to: part.endIndex, by: Moments.block) {
          let block = part[start..<min(start + Moments.block, part.endIndex)]
          let samples = try dataset.labelledImages(at: block)
          let described = describe(samples.images)
          sum.add(described.vectors)
          modes += described.modes
          labels += samples.labels.filter { $0 >= 0 }
        }
        return sum
      }
      let local = try communicator.together {
        try tree.pieces(of: exchange.share(of: QualityReference.leaves)).map { try moments($0) }
      }
      let length = Moments.packedCount(dimensions: dimensions)
      var pieces = try exchange.allGather(local.flatMap(\.packed)).flatMap { numbers in
        stride(from: 0, to: numbers.count, by: length).map {
          Moments(packed: numbers[$0..<$0 + length], dimensions: dimensions)
        }
      }
      let nodes = (0..<exchange.size).flatMap {
        tree.pieces(of: exchange.share(of: QualityReference.leaves, for: $0))
      }
      for addition in CanonicalTree.additions(of: nodes) {
        pieces[addition.left] = pieces[addition.left] + pieces[addition.right]
      }
      self.moments = pieces[0]
      labelShares = try Self.shares(labels, count: dataset.labelCount, over: exchange)
      modeShares = try Self.shares(modes, count: modeCount, over: exchange)
    }

    /// How often each value occurs on all ranks, over the number of all; counts are added exactly.
    private static func shares(_ values: [Int], count: Int, over exchange: RankExchange) throws -> [Double] {
      guard count > 0 else { return [] }
      let parts = try exchange.allGather(ModeCoverage.histogram(values, count: count))
      let sums = (0..<count).map { index in parts.reduce(0) { $0 + $1[index] } }
      let total = sums.reduce(0, +)
      return total == 0 ? [] : sums.map { $0 / total }
    }
  }
}

extension DataSource {
  /// Whether samples are of a mixture whose modes are known.
  var isMixture: Bool {
    if case .mixture = self { true } else { false }
  }
}
