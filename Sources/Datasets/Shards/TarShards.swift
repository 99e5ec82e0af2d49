import Platform

/// WebDataset shards: tar files whose members follow each other and share a name up to the first dot if they
/// belong to one sample, such as `000123.png` and `000123.cls`. Images are PNG or JPEG, labels are whole
/// numbers in ASCII. Other members are left out, but a label without an image beside it is an error:
/// `tar *.png *.cls` would lose them all. Names with a leading dot and the folder `__MACOSX` do not count.
struct TarShards: ImageFileSource {
  let name: String
  let extent: ImageExtent?
  let channelRange: ClosedRange<Int>
  let labelCount: Int
  let classNames: [String]
  let byteCount: Int
  let fingerprint: DataFingerprint
  let path: String
  let turnedCount: Int
  let ignored: IgnoredFiles
  private let samples: [Sample]
  /// Opened for each read: a run may have more shards than a process may have open files.
  private let shards: [FilePath]
  let limits: DatasetLimits

  var format: String { "tar shards" }
  var count: Int { samples.count }

  struct Sample {
    let shard: Int
    let offset: Int
    let size: Int
    /// -1 when unlabelled.
    let label: Int32
  }

  /// - Parameters:
  ///   - paths: the shards in order.
  ///   - index: what they must be; nil if nobody said.
  init(
    _ paths: [FilePath], index: ShardIndex?, request: DatasetRequest, problems: SampleProblems
  ) throws(DatasetError) {
    let hash = ContentHash(kind: "tar shards 1")
    var samples: [Sample] = []
    var extents = CommonExtent(problems)
    var (bytes, turned, unlabelled) = (0, 0, 0)
    var ignored = IgnoredFiles()
    for (number, path) in paths.enumerated() {
      let (first, known) = (samples.count, problems.list.count)
      do throws(DatasetError) {
        let shared = SharedFile(try OpenFile(path))
        bytes += shared.file.size
        let digest = try Self.digest(shared)
        hash.add(shared.file.size)
        hash.add(digest.bytes)
        let expected = index?.shards[number]
        if let expected { try Self.check(shared, digest, expected) }
        let others = try ShardSamples(shared, limits: request.limits).forEach(problems) {
          (sample) throws(DatasetError) in
          try request.checkPair(sample.extent, at: sample.place)
          extents.add(sample.extent, channels: sample.channels, at: sample.place)
          if sample.isTurned { turned += 1 }
          if sample.label < 0, !sample.hasBadLabel { unlabelled += 1 }
          samples.append(
            Sample(shard: number, offset: sample.offset, size: sample.size, label: sample.label))
        }
        ignored.add(others)
        // Samples that were reported are missing.
        if let count = expected?.samples, count != samples.count - first, problems.list.count == known {
          throw DatasetError(
            .badData, "\(samples.count - first) samples, the index says \(count)", path.description,
            "pack the data again")
        }
      } catch {
        try problems.report(error)
      }
    }
    guard !samples.isEmpty || !problems.list.isEmpty else {
      throw DatasetError(
        .badData,
        "0 samples: no PNG or JPEG image in \(Count.text(paths.count, "shard"))"
          + (ignored.text.map { ", \($0)" } ?? ""),
        paths[0].description, ignored.text == nil ? "pack images" : "pack its images as PNG or JPEG")
    }
    extent = try extents.result(request.resize)
    channelRange = extents.channels ?? 1...1
    turnedCount = turned
    self.ignored = ignored
    labelCount = try Self.labelCount(samples, unlabelled: unlabelled, of: paths, index, request, problems)
    // An index may name classes of which no sample is here.
    classNames = Array((index?.classNames ?? []).prefix(labelCount))
    fingerprint = hash.fingerprint()
    byteCount = bytes
    let isAlone = paths.count == 1 && index == nil
    name = paths[0].title(isAlone: isAlone)
    path = paths[0].description
    limits = request.limits
    self.samples = samples
    shards = paths
  }

  func label(_ index: Int) -> Int32 { samples[index].label }

  func file(_ index: Int) throws(DatasetError) -> (bytes: [UInt8], place: String) {
    let sample = samples[index]
    return (try contents(sample), ShardSamples.place(shards[sample.shard], sample.offset))
  }

  private func contents(_ sample: Sample) throws(DatasetError) -> [UInt8] {
    let file = try OpenFile(shards[sample.shard])
    guard sample.offset + sample.size <= file.size else {
      throw DatasetError(
        .badData, "the shard became shorter", "\(file.path), byte \(file.size)",
        "do not write to data that a run reads")
    }
    return try file.bytes(sample.offset..<sample.offset + sample.size)
  }

  /// SHA-256 of a whole file.
  private static func digest(_ shared: SharedFile) throws(DatasetError) -> DataFingerprint {
    let hash = ContentHash()
    try FileContent.file(shared, start: 0, count: shared.file.size).forEachPiece { hash.update($0) }
    return hash.fingerprint()
  }

  private static func check(
    _ shared: SharedFile, _ digest: DataFingerprint, _ expected: ShardIndex.Shard
  ) throws(DatasetError) {
    let what: String
    if shared.file.size != expected.bytes {
      what = "\(shared.file.size) bytes, the index says \(expected.bytes)"
    } else if digest != DataFingerprint(expected.sha256) {
      what = "SHA-256 \(digest.description.prefix(16)), the index says \(expected.sha256.prefix(16))"
    } else {
      return
    }
    throw DatasetError(.badData, what, shared.file.path.description, "fetch the shard again")
  }

  private static func labelCount(
    _ samples: [Sample], unlabelled: Int, of paths: [FilePath], _ index: ShardIndex?,
    _ request: DatasetRequest,
    _ problems: SampleProblems
  ) throws(DatasetError) -> Int {
    let labelled = samples.count { $0.label >= 0 }
    guard labelled > 0 else { return 0 }
    if unlabelled > 0 {
      try problems.report(
        DatasetError(
          .badData, "\(labelled) of \(samples.count) samples have a label", paths[0].description,
          "give every sample a .cls, or none"))
    }
    return try problems.labelCount(samples.lazy.map(\.label), wanted: request.labelCount ?? index?.labelCount)
    {
      ShardSamples.place(paths[samples[$0].shard], samples[$0].offset)
    }
  }
}
