/// The one size that images have, and their channels, found as they are listed.
struct CommonExtent {
  /// In the order of their first images.
  private var sizes: [(extent: ImageExtent, count: Int, places: [String])] = []
  /// Where each stands; looked up, never iterated.
  private var positions: [ImageExtent: Int] = [:]
  /// The fewest and the most channels of an image; nil of none.
  private(set) var channels: ClosedRange<Int>?
  private let problems: SampleProblems

  init(_ problems: SampleProblems) { self.problems = problems }

  /// Counts an image. The places are kept that have to be named: of each size one, or all if they are
  /// collected.
  mutating func add(_ extent: ImageExtent, channels count: Int, at place: @autoclosure () -> String) {
    channels = min(channels?.lowerBound ?? count, count)...max(channels?.upperBound ?? count, count)
    if let index = positions[extent] {
      sizes[index].count += 1
      if problems.collects { sizes[index].places.append(place()) }
    } else {
      positions[extent] = sizes.count
      sizes.append((extent, 1, [place()]))
    }
  }

  /// The size of all images; nil if they have several and are to be resized.
  /// - Throws: ``DatasetError`` naming the first image that is not of the size of most, unless that is
  ///   collected.
  func result(_ resize: ResizeMode) throws(DatasetError) -> ImageExtent? {
    guard let first = sizes.first else { return nil }
    // Of equally frequent sizes the first.
    let common = sizes.dropFirst().reduce(first) { $1.count > $0.count ? $1 : $0 }
    if sizes.count == 1 { return common.extent }
    if resize != .none { return nil }
    for size in sizes where size.extent != common.extent {
      for place in size.places {
        try problems.reportSize(.otherSize(size.extent, than: common.extent, place))
      }
    }
    return common.extent
  }
}

extension DatasetError {
  /// An image that is not of the size of most.
  static func otherSize(_ found: ImageExtent, than common: ImageExtent, _ place: String) -> DatasetError {
    DatasetError(
      .badData, "an image of \(found.sizes) (height x width), the most common size is \(common.sizes)", place,
      "resize it or remove it, or have all resized: dataset.resize=crop in training, --resize crop in packing"
    )
  }
}
