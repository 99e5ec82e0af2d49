import Platform

/// A folder of PNG and JPEG images of one size; a sub-folder is a label. See ``LabelledFiles`` for the
/// rules.
///
/// Opening reads every file once: the sizes, and whether files are cut off, are checked before the first
/// step, and the fingerprint covers every byte. Images are decoded when they are read.
struct ImageFolder: ImageFileSource {
  let name: String
  let byteCount: Int
  let labelCount: Int
  let classNames: [String]
  let fingerprint: DataFingerprint
  private let folder: FilePath
  private let samples: [LabelledFiles.Sample]
  let extent: ImageExtent?
  let channelRange: ClosedRange<Int>
  let path: String
  let ignored: IgnoredFiles
  let turnedCount: Int
  let limits: DatasetLimits

  var format: String { "image folder" }
  var count: Int { samples.count }

  init(
    _ folder: FilePath, listing: FolderListing, request: DatasetRequest, problems: SampleProblems
  ) throws(DatasetError) {
    let content = try LabelledFiles(
      .image, in: folder, listing: listing, labelCount: request.labelCount)
    let labels = content.labelNames.count
    let hash = ContentHash(kind: "image folder 1")
    var extents = CommonExtent(problems)
    var whole: [LabelledFiles.Sample] = []
    var (bytes, turned) = (0, 0)
    for sample in content.samples {
      do throws(DatasetError) {
        let file = try OpenFile(folder.appending(sample.path))
        let (extent, channels, isTurned) = try Self.inspect(file, limits: request.limits, hash: hash)
        try request.checkPair(extent, at: folder.appending(sample.path).description)
        if isTurned { turned += 1 }
        extents.add(extent, channels: channels, at: folder.appending(sample.path).description)
        hash.add(sample.path)
        bytes += file.size
        whole.append(sample)
      } catch {
        try problems.report(error)
      }
    }
    extent = try extents.result(request.resize)
    channelRange = extents.channels ?? 1...1
    path = folder.appending(content.samples[0].path).description
    byteCount = bytes
    fingerprint = hash.fingerprint()
    samples = whole
    labelCount = labels == 0 ? 0 : request.labelCount ?? labels
    classNames = content.labelNames.map { TerminalText.escaped($0) }
    name = TerminalText.escaped(folder.name)
    limits = request.limits
    ignored = content.ignored
    turnedCount = turned
    self.folder = folder
  }

  func label(_ index: Int) -> Int32 { samples[index].label }

  func file(_ index: Int) throws(DatasetError) -> (bytes: [UInt8], place: String) {
    let file = try OpenFile(folder.appending(samples[index].path))
    return (try file.sample(limits), file.path.description)
  }

  /// Adds the file to `hash` and finds the image's extent and channels.
  private static func inspect(
    _ file: borrowing OpenFile, limits: DatasetLimits, hash: borrowing ContentHash
  ) throws(DatasetError) -> (extent: ImageExtent, channels: Int, isTurned: Bool) {
    let bytes = try file.sample(limits)
    hash.add(bytes)
    let path = file.path
    return try bytes.withRawBytes { bytes throws(DatasetError) in
      try ImageFormat.inspect(bytes, place: path.description, limits: limits)
    }
  }
}
