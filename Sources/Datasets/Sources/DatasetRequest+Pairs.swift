extension DatasetRequest {
  /// Checks that what is asked for can have pairs.
  /// - Throws: ``DatasetError`` of kind `unsuitable`.
  func checkPairing() throws(DatasetError) {
    guard isPaired else { return }
    let what =
      Datasets.isBuiltIn(source)
      ? "embedded data" : isVolume ? "volumes" : stack > 1 ? "images on top of one another" : nil
    guard let what else { return }
    throw DatasetError(
      .unsuitable, "\(what), of which there are no pairs", source, "name images that are pairs side by side")
  }

  /// Checks that images which have one size are pairs; of others each has been checked as it was listed.
  /// - Throws: ``DatasetError`` of kind `unsuitable`.
  func checkPairs(of images: some ImageSource) throws(DatasetError) {
    guard isPaired else { return }
    guard images.characters == nil else {
      throw DatasetError(
        .unsuitable, "text, of which there are no pairs", images.path,
        "name images that are pairs side by side")
    }
    if let extent = images.extent { try checkPair(extent, at: images.path) }
  }

  /// Checks that an image is a pair, if pairs are asked for.
  /// - Throws: ``DatasetError`` of kind `unsuitable`.
  func checkPair(_ extent: ImageExtent, at place: @autoclosure () -> String) throws(DatasetError) {
    guard isPaired, !extent.isPair else { return }
    throw .noPair(extent, place())
  }
}

extension DatasetError {
  static func noPair(_ extent: ImageExtent, _ place: String) -> DatasetError {
    DatasetError(
      .unsuitable, "an image of \(extent.sizes) (height x width), which is no pair of squares side by side",
      place,
      "put the two images of each pair side by side, in one that is twice as wide as high")
  }
}

extension ImageExtent {
  /// Whether it is that of two squares side by side.
  package var isPair: Bool { width == 2 * height }

  /// That of one of them.
  var half: ImageExtent { ImageExtent(height: height, width: width / 2) }
}

extension SourceImage {
  var extent: ImageExtent {
    switch self {
    case .bytes(let image): ImageExtent(height: image.height, width: image.width)
    case .floats(let image): ImageExtent(height: image.height, width: image.width)
    }
  }

  /// The left half, or the right one, of an image of even width.
  func half(isLeft: Bool) -> SourceImage {
    let (height, width) = (extent.height, extent.half.width)
    func columns<Value>(_ pixels: [Value]) -> [Value] {
      let row = width * channels
      let first = isLeft ? 0 : row
      return (0..<height).flatMap { pixels[first + 2 * $0 * row..<first + (2 * $0 + 1) * row] }
    }
    return switch self {
    case .bytes(let image):
      .bytes(RasterImage(height: height, width: width, channels: channels, pixels: columns(image.pixels)))
    case .floats(let image):
      .floats(FloatImage(height: height, width: width, channels: channels, pixels: columns(image.pixels)))
    }
  }
}
