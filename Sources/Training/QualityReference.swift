import DataParallel
package import Datasets
package import MessagePassing
package import Quality
import TensorCore

/// What fakes are measured against: the feature space and what the training samples are in it, the same on every rank.
package struct QualityReference: Sendable {
  /// The principal components of the training samples.
  package let space: PrincipalComponents
  /// The moments of their features.
  package let moments: Moments
  /// The features of as many of them as fakes are drawn, at equal distances in the data set.
  package let real: Matrix

  /// Training samples that are looked at, at most; of more, those at equal distances.
  static let longest = 65_536
  /// Parts of the data set whose moments are summed in a canonical tree; on more ranks some have none.
  private static let leaves = 16

  /// Looks at the training samples, every rank at its part. All ranks call.
  ///
  /// Communicated: the moments of the pixels (d(d + 3)/2 + 1 numbers of 8 bytes a piece of the tree, d at most
  /// ``PrincipalComponents/longestInput``) and the features of `real`.
  /// - Throws: what a sample that cannot be read throws, on all ranks; `CommunicationError`.
  package init(_ dataset: any ImageDataset, _ options: Options, over communicator: any Communicator) throws {
    let exchange = RankExchange(communicator)
    let input = PrincipalComponents.Input(
      [dataset.height, dataset.width, dataset.channels], isRaw: options.data.isMixture)
    let places = Self.places(min(dataset.count, Self.longest), of: dataset)
    let tree = CanonicalTree(leafCount: Self.leaves)
    func moments(_ node: CanonicalTree.Node) throws -> Moments {
      guard node.level == 0 else {
        let left = CanonicalTree.Node(level: node.level - 1, index: 2 * node.index)
        let right = CanonicalTree.Node(level: node.level - 1, index: 2 * node.index + 1)
        return try moments(left) + moments(right)
      }
      var sum = Moments(dimensions: input.count)
      let part = places[
        node.index * places.count / Self.leaves..<(node.index + 1) * places.count / Self.leaves]
      for start in stride(from: part.startIndex, to: part.endIndex, by: Moments.block) {
        let images = try dataset.images(at: part[start..<min(start + Moments.block, part.endIndex)])
        sum.add(input.vectors(of: images))
      }
      return sum
    }
    let local = try communicator.together {
      try tree.pieces(of: exchange.share(of: Self.leaves)).map { try moments($0) }
    }
    let length = Moments.packedCount(dimensions: input.count)
    var pieces = try exchange.allGather(local.flatMap(\.packed)).flatMap { numbers in
      stride(from: 0, to: numbers.count, by: length).map {
        Moments(packed: numbers[$0..<$0 + length], dimensions: input.count)
      }
    }
    let nodes = (0..<exchange.size).flatMap { tree.pieces(of: exchange.share(of: Self.leaves, for: $0)) }
    for addition in CanonicalTree.additions(of: nodes) {
      pieces[addition.left] = pieces[addition.left] + pieces[addition.right]
    }
    space = PrincipalComponents(input, moments: pieces[0], count: options.quality.components)
    self.moments = space.features(of: pieces[0])
    real = try Self.features(
      Self.places(min(options.quality.samples, dataset.count), of: dataset), of: dataset, in: space,
      over: communicator)
  }

  /// The features of the training samples that are looked at. All ranks call.
  /// - Throws: as the initialiser.
  package func trainingFeatures(
    _ dataset: any ImageDataset, over communicator: any Communicator
  ) throws -> Matrix {
    try Self.features(
      Self.places(min(dataset.count, Self.longest), of: dataset), of: dataset, in: space, over: communicator)
  }

  private static func features(
    _ places: [Int], of dataset: any ImageDataset, in space: PrincipalComponents,
    over communicator: any Communicator
  ) throws -> Matrix {
    let exchange = RankExchange(communicator)
    let blocks = SampleBlocks(count: places.count)
    let local = try communicator.together {
      try blocks.local(columns: space.count, exchange) {
        space.features(of: try dataset.images(at: places[$0]))
      }
    }
    return try blocks.gathered(local, over: exchange)
  }

  /// `count` places in the data set at equal distances.
  private static func places(_ count: Int, of dataset: any ImageDataset) -> [Int] {
    (0..<count).map { $0 * dataset.count / count }
  }
}

extension DataSource {
  /// Whether samples are points of the plane in units of their own.
  var isMixture: Bool {
    if case .mixture = self { true } else { false }
  }
}
