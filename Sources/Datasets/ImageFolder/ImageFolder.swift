/// A folder of PNG and JPEG images of one size; a sub-folder is a label. See ``ImageFolderListing`` for the rules.
///
/// Opening reads every file once: the sizes are checked before the first step, and the fingerprint covers every byte.
/// Images are decoded when they are read.
struct ImageFolder: ImageDataset {
  let name: String
  let channels: Int
  let labelCount: Int
  let fingerprint: DataFingerprint
  private let folder: FilePath
  private let samples: [ImageFolderListing.Sample]
  private let extent: ImageExtent
  private let fit: PixelFit
  private let limits: DatasetLimits

  var count: Int { samples.count }
  var height: Int { fit.size }
  var width: Int { fit.size }

  init(
    _ folder: FilePath, root: FilePath, listing: FolderListing, request: DatasetRequest
  ) throws(DatasetError) {
    let content = try ImageFolderListing(folder, root: root, listing: listing)
    let labels = content.labelNames.count
    if let wanted = request.labelCount, labels > wanted {
      throw DatasetError(
        .badData, "\(labels) sub-folders, so labels are out of range 0..<\(wanted)", folder.description,
        "correct the folder or the number of labels")
    }
    let hash = ContentHash(kind: "image folder 1")
    var extents: [ImageExtent] = []
    for sample in content.samples {
      let file = try OpenFile(folder.appending(sample.path))
      extents.append(try Self.inspect(file, limits: request.limits, hash: hash))
      hash.add(sample.path)
    }
    let common = Self.mostFrequent(extents)
    if let odd = extents.firstIndex(where: { $0 != common }) {
      throw Self.otherSize(extents[odd], common, folder.appending(content.samples[odd].path))
    }
    extent = common
    fit = try PixelFit(
      height: extent.height, width: extent.width, size: request.size,
      path: folder.appending(content.samples[0].path))
    fingerprint = hash.fingerprint()
    samples = content.samples
    labelCount = labels == 0 ? 0 : request.labelCount ?? labels
    name = escaped(folder.name)
    channels = request.channels
    limits = request.limits
    self.folder = folder
  }

  func read(_ index: Int, into pixels: UnsafeMutablePointer<Float>) throws(DatasetError) -> Int32 {
    let sample = samples[index]
    let file = try OpenFile(folder.appending(sample.path))
    guard file.size <= limits.bytes else { throw Self.tooLarge(file) }
    let bytes = try file.bytes(0..<file.size)
    let path = file.path
    let image = try bytes.withUnsafeBufferPointer { bytes throws(DatasetError) in
      try ImageFormat.decode(UnsafeRawBufferPointer(bytes), path: path, limits: limits)
    }
    let found = ImageExtent(height: image.height, width: image.width)
    guard found == extent else { throw Self.otherSize(found, extent, path) }
    // A grey image is repeated by the fit; colour becomes luma here.
    let source = channels == 1 ? image.converted(toChannels: 1) : image
    source.pixels.withUnsafeBufferPointer {
      fit.write($0.baseAddress!, channels: source.channels, into: pixels, channels: channels)
    }
    return sample.label
  }

  /// Adds the file to `hash` and finds the image's extent.
  private static func inspect(
    _ file: borrowing OpenFile, limits: DatasetLimits, hash: borrowing ContentHash
  ) throws(DatasetError) -> ImageExtent {
    guard file.size <= limits.bytes else { throw tooLarge(file) }
    let bytes = try file.bytes(0..<file.size)
    hash.add(bytes)
    let path = file.path
    return try bytes.withUnsafeBufferPointer { bytes throws(DatasetError) in
      try ImageExtent.parse(UnsafeRawBufferPointer(bytes), path: path, limits: limits).1
    }
  }

  /// The extent of most images, of several the first: so that a single odd image is the one that is named.
  private static func mostFrequent(_ extents: [ImageExtent]) -> ImageExtent {
    var counts: [(extent: ImageExtent, count: Int)] = []
    for extent in extents {
      if let index = counts.firstIndex(where: { $0.extent == extent }) {
        counts[index].count += 1
      } else {
        counts.append((extent, 1))
      }
    }
    return counts.max { $0.count < $1.count }!.extent
  }

  private static func otherSize(
    _ extent: ImageExtent, _ common: ImageExtent, _ path: FilePath
  ) -> DatasetError {
    DatasetError(
      .badData, "an image of \(extent.sizes), the others are \(common.sizes)", path.description,
      "resize it or remove it")
  }

  private static func tooLarge(_ file: borrowing OpenFile) -> DatasetError {
    DatasetError(
      .badData, "an image file of \(file.size) bytes", file.path.description, "replace it by a smaller one")
  }
}
