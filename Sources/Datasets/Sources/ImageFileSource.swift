import Platform

/// A source of whole PNG and JPEG files, which are decoded when they are read.
protocol ImageFileSource: ImageSource {
  var limits: DatasetLimits { get }

  /// The file of a sample, and what errors call it.
  func file(_ index: Int) throws(DatasetError) -> (bytes: [UInt8], place: String)
}

extension ImageFileSource {
  package func image(_ index: Int) throws(DatasetError) -> SourceImage {
    let (bytes, place) = try file(index)
    let image = try bytes.withRawBytes { bytes throws(DatasetError) in
      try ImageFormat.decode(bytes, place: place, limits: limits)
    }
    let found = ImageExtent(height: image.height, width: image.width)
    if let extent, found != extent { throw .otherSize(found, than: extent, place) }
    return .bytes(image)
  }

  /// Told by some images, spread evenly: to decode them all would take long.
  package var remarks: [String] {
    let looked = min(count, 16)
    let places = (0..<looked).map { $0 * count / looked }
    let images = places.compactMap { try? image($0) }
    let largest = images.map { Int($0.range.upperBound) }.max() ?? 0
    let transparent = places.count { (try? isTransparent($0)) == true }
    return [
      DarkBytes.remark(largest: largest, ofImages: images.count),
      transparent > 0
        ? "transparent places, put on black, in \(transparent) of \(Count.text(looked, "image")) looked at"
        : nil,
    ].compactMap { $0 }
  }

  /// Whether anything of a sample is not opaque.
  private func isTransparent(_ index: Int) throws(DatasetError) -> Bool {
    let (bytes, place) = try file(index)
    return try bytes.withRawBytes { bytes throws(DatasetError) in
      let (format, extent, _) = try ImageExtent.parse(bytes, place: place, limits: limits)
      guard format == .png else { return false }
      return try PNGDecoder.decodeWithAlpha(bytes, extent: extent, place: place).alpha.contains { $0 < 255 }
    }
  }

  package func imageFile(_ index: Int) throws(DatasetError) -> (bytes: [UInt8], extension: String)? {
    let bytes = try file(index).bytes
    return (bytes, bytes.starts(with: ImageFormat.pngSignature) ? "png" : "jpg")
  }
}
