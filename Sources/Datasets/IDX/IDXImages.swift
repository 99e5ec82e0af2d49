/// Grey images from an IDX file, with labels where there is a file of them beside it. Pixels are 0 to 255, or
/// 0 and 1 where none of the whole file is larger.
struct IDXImages: ImageSource {
  let name: String
  let count: Int
  let labelCount: Int
  let fingerprint: DataFingerprint
  private let images: IDXFile
  private let labels: [UInt8]?
  private let range: ValueRange
  let path: String

  var format: String { "IDX" }
  let byteCount: Int
  var extent: ImageExtent? {
    ImageExtent(height: images.header.extents[1], width: images.header.extents[2])
  }

  var channelRange: ClosedRange<Int> { 1...1 }

  /// - Parameters:
  ///   - images: an IDX file of `[count, height, width]` bytes.
  ///   - labels: an IDX file of `[count]` bytes; nil leaves the samples unlabelled.
  init(
    images path: FilePath, labels labelPath: FilePath?, request: DatasetRequest, problems: SampleProblems
  ) throws(DatasetError) {
    let images = try IDXFile(path, rank: 3, limits: request.limits)
    let extents = images.header.extents
    name = path.title(isAlone: false)
    count = extents[0]
    self.path = path.description
    self.images = images
    if let labelPath {
      let file = try IDXFile(labelPath, rank: 1, limits: request.limits)
      let labels = try file.values()
      labelCount = try Self.check(labels, of: file, for: images, request: request, problems)
      self.labels = labels
      byteCount = images.byteCount + file.byteCount
    } else {
      byteCount = images.byteCount
      labelCount = 0
      labels = nil
    }
    let hash = ContentHash(kind: "idx 1")
    for extent in extents { hash.add(extent) }
    range = ValueRange(least: 0, largest: Float(try images.largest(addingTo: hash)))
    // They are read otherwise than their bytes say.
    if range.largest == 1 { hash.update(Array("black and white".utf8)) }
    if let labels { hash.add(labels) }
    fingerprint = hash.fingerprint()
  }

  var remarks: [String] {
    [range.largest == 1 ? DarkBytes.binary : DarkBytes.remark(largest: Int(range.largest))].compactMap { $0 }
  }

  func label(_ index: Int) -> Int32 { labels.map { Int32($0[index]) } ?? -1 }

  func image(_ index: Int) throws(DatasetError) -> SourceImage {
    let (height, width) = (images.header.extents[1], images.header.extents[2])
    let bytes = try images.bytes(index * height * width..<(index + 1) * height * width)
    return .bytes(RasterImage(height: height, width: width, channels: 1, pixels: range.pixels(bytes)))
  }

  /// The number of labels: as requested, else one more than the largest.
  private static func check(
    _ labels: [UInt8], of file: IDXFile, for images: IDXFile, request: DatasetRequest,
    _ problems: SampleProblems
  ) throws(DatasetError) -> Int {
    guard images.header.extents[0] == labels.count else {
      throw DatasetError(
        .badData, "\(labels.count) labels for \(images.header.extents[0]) images of \(images.path)",
        file.path.description, "use files that belong together")
    }
    return try problems.labelCount(labels, wanted: request.labelCount) { index in
      "\(file.path), sample \(index), byte \(file.header.byteCount + index)"
    }
  }
}
