/// The one size that images have, found as they are listed.
struct CommonExtent {
  /// In the order of their first images.
  private var sizes: [(extent: ImageExtent, count: Int, places: [String])] = []
  /// Where each stands; looked up, never iterated.
  private var positions: [ImageExtent: Int] = [:]

  /// Counts an image. A few places of each size are kept, to be named.
  mutating func add(_ extent: ImageExtent, at place: @autoclosure () -> String) {
    if let index = positions[extent] {
      sizes[index].count += 1
      if sizes[index].places.count < Self.listed { sizes[index].places.append(place()) }
    } else {
      positions[extent] = sizes.count
      sizes.append((extent, 1, [place()]))
    }
  }

  private static let listed = 100

  /// The size of all images; nil if they have several and are to be resized.
  /// - Throws: ``DatasetError`` naming the first image that is not of the size of most, unless that is collected.
  func result(_ resize: ResizeMode, _ problems: SampleProblems) throws(DatasetError) -> ImageExtent? {
    guard let first = sizes.first else { return nil }
    // Of equally frequent sizes the first.
    let common = sizes.dropFirst().reduce(first) { $1.count > $0.count ? $1 : $0 }
    if sizes.count == 1 { return common.extent }
    if resize != .none { return nil }
    for size in sizes where size.extent != common.extent {
      for place in size.places {
        try problems.report(
          DatasetError(
            .badData, "an image of \(size.extent.sizes), the others are \(common.extent.sizes)", place,
            "resize it or remove it, or set dataset.resize=crop"))
      }
    }
    return common.extent
  }
}
