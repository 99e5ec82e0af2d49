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
    let looks = (0..<looked).compactMap { try? look(at: $0 * count / looked) }
    let transparent = looks.count { !$0.isOpaque }
    return [
      DarkBytes.remark(largest: looks.map(\.largest).max() ?? 0, ofImages: looks.count),
      transparent > 0
        ? "transparent places, put on black, in \(transparent) of \(Count.text(looked, "image")) looked at"
        : nil,
    ].compactMap { $0 }
  }

  /// The largest byte of a sample, and whether all of it is opaque.
  private func look(at index: Int) throws(DatasetError) -> (largest: Int, isOpaque: Bool) {
    let (bytes, place) = try file(index)
    return try bytes.withRawBytes { bytes throws(DatasetError) in
      let (format, found, _) = try ImageExtent.parse(bytes, place: place, limits: limits)
      if let extent, found != extent { throw .otherSize(found, than: extent, place) }
      let (image, isOpaque) =
        switch format {
        case .png: try PNGDecoder.decodeTellingOpacity(bytes, extent: found, place: place)
        case .jpeg: (try JPEGDecoder.decode(bytes, extent: found, place: place), isOpaque: true)
        }
      return (Int(image.pixels.max() ?? 0), isOpaque)
    }
  }

  package func imageFile(_ index: Int) throws(DatasetError) -> (bytes: [UInt8], extension: String)? {
    let bytes = try file(index).bytes
    return (bytes, bytes.starts(with: ImageFormat.pngSignature) ? "png" : "jpg")
  }
}
