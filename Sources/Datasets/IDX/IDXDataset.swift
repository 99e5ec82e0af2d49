/// Grey images from an IDX file, with labels where there is a file of them beside it.
struct IDXDataset: ImageDataset {
  let name: String
  let count: Int
  let channels: Int
  let labelCount: Int
  let fingerprint: DataFingerprint
  private let images: IDXFile
  private let labels: IDXFile?
  private let fit: PixelFit

  var height: Int { fit.size }
  var width: Int { fit.size }

  /// - Parameters:
  ///   - images: an IDX file of `[count, height, width]` bytes.
  ///   - labels: an IDX file of `[count]` bytes; nil leaves the samples unlabelled.
  init(images path: FilePath, labels labelPath: FilePath?, request: DatasetRequest) throws(DatasetError) {
    let images = try IDXFile(path, rank: 3, limits: request.limits)
    let extents = images.header.extents
    fit = try PixelFit(height: extents[1], width: extents[2], size: request.size, path: path)
    name = escaped(path.folder.name.isEmpty ? path.name : path.folder.name)
    count = extents[0]
    channels = request.channels
    self.images = images
    if let labelPath {
      let labels = try IDXFile(labelPath, rank: 1, limits: request.limits)
      labelCount = try Self.checkLabels(labels, of: images, request: request)
      self.labels = labels
    } else {
      labelCount = 0
      labels = nil
    }
    let hash = ContentHash(kind: "idx 1")
    for extent in extents { hash.add(extent) }
    hash.addSampled(images.values)
    if let labels { hash.addSampled(labels.values) }
    fingerprint = hash.fingerprint()
  }

  func read(_ index: Int, into pixels: UnsafeMutablePointer<Float>) throws(DatasetError) -> Int32 {
    precondition(0 <= index && index < count, "sample \(index) of \(count)")
    let source = images.values.baseAddress!.assumingMemoryBound(to: UInt8.self)
    fit.write(
      source + index * fit.sourceHeight * fit.sourceWidth, channels: 1, into: pixels, channels: channels)
    return labels.map { Int32($0.values[index]) } ?? -1
  }

  /// The number of labels: as requested, else one more than the largest.
  private static func checkLabels(
    _ labels: IDXFile, of images: IDXFile, request: DatasetRequest
  ) throws(DatasetError) -> Int {
    let counts = (images.header.extents[0], labels.header.extents[0])
    guard counts.0 == counts.1 else {
      throw DatasetError(
        .badData, "\(counts.1) labels for \(counts.0) images of \(images.path)", labels.path.description,
        "use files that belong together")
    }
    let values = labels.values
    guard let labelCount = request.labelCount else { return Int(values.max()!) + 1 }
    if let index = values.firstIndex(where: { Int($0) >= labelCount }) {
      throw DatasetError(
        .badData, "label \(values[index]) is out of range 0..<\(labelCount)",
        "\(labels.path), sample \(index), byte \(labels.header.byteCount + index)",
        "correct the file or the number of labels")
    }
    return labelCount
  }
}
