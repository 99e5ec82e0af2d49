/// Grey images from an IDX file, with labels where there is a file of them beside it.
struct IDXDataset: ImageDataset {
  let name: String
  let count: Int
  let channels: Int
  let labelCount: Int
  let fingerprint: DataFingerprint
  private let images: IDXFile
  private let labels: [UInt8]?
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
      let file = try IDXFile(labelPath, rank: 1, limits: request.limits)
      let labels = try file.values()
      labelCount = try Self.check(labels, of: file, for: images, request: request)
      self.labels = labels
    } else {
      labelCount = 0
      labels = nil
    }
    let hash = ContentHash(kind: "idx 1")
    for extent in extents { hash.add(extent) }
    try images.add(to: hash)
    if let labels { hash.add(labels) }
    fingerprint = hash.fingerprint()
  }

  func read(_ index: Int, into pixels: UnsafeMutablePointer<Float>) throws(DatasetError) -> Int32 {
    precondition(0 <= index && index < count, "sample \(index) of \(count)")
    let count = fit.sourceHeight * fit.sourceWidth
    try withUnsafeTemporaryAllocation(of: UInt8.self, capacity: count) { source throws(DatasetError) in
      try images.read(into: UnsafeMutableRawBufferPointer(source), at: index * count)
      fit.write(source.baseAddress!, channels: 1, into: pixels, channels: channels)
    }
    return labels.map { Int32($0[index]) } ?? -1
  }

  /// The number of labels: as requested, else one more than the largest.
  private static func check(
    _ labels: [UInt8], of file: IDXFile, for images: IDXFile, request: DatasetRequest
  ) throws(DatasetError) -> Int {
    guard images.header.extents[0] == labels.count else {
      throw DatasetError(
        .badData, "\(labels.count) labels for \(images.header.extents[0]) images of \(images.path)",
        file.path.description, "use files that belong together")
    }
    guard let labelCount = request.labelCount else { return Int(labels.max()!) + 1 }
    if let index = labels.firstIndex(where: { Int($0) >= labelCount }) {
      throw DatasetError(
        .badData, "label \(labels[index]) is out of range 0..<\(labelCount)",
        "\(file.path), sample \(index), byte \(file.header.byteCount + index)",
        "correct the file or the number of labels")
    }
    return labelCount
  }
}
