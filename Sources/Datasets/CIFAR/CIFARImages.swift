/// The images and labels of CIFAR's binary files.
struct CIFARImages: ImageSource {
  let name: String
  let count: Int
  let byteCount: Int
  let fingerprint: DataFingerprint
  let labelCount: Int
  let path: String
  private let kind: CIFARFormat
  private let files: [SharedFile]
  /// The number of the first sample in each file, then the count of all.
  private let starts: [Int]
  private let labels: [UInt8]

  var format: String { kind.rawValue }
  var extent: ImageExtent? { ImageExtent(height: CIFARFormat.side, width: CIFARFormat.side) }

  var channelRange: ClosedRange<Int> { 3...3 }

  /// - Parameter paths: the files in the order of the samples; at least one.
  init(
    _ paths: [FilePath], _ kind: CIFARFormat, request: DatasetRequest, problems: SampleProblems
  ) throws(DatasetError) {
    self.kind = kind
    let hash = ContentHash(kind: "\(kind.rawValue) 1")
    let classes = request.labelCount ?? kind.classes
    var files: [SharedFile] = []
    var starts = [0]
    var labels: [UInt8] = []
    var bytes = 0
    for path in paths {
      let file = try OpenFile(path)
      guard file.size > 0, file.size.isMultiple(of: kind.recordBytes) else {
        throw DatasetError(
          .badData,
          "\(file.size) bytes are no whole number of records of \(kind.recordBytes) bytes (\(kind.rawValue))",
          path.description, "fetch the file again")
      }
      hash.add(file.size)
      bytes += file.size
      let records = file.size / kind.recordBytes
      // Some 1.5 MB at a time: whole records, so that their labels are found.
      for first in stride(from: 0, to: records, by: 512) {
        let end = min(first + 512, records)
        let piece = try file.bytes(first * kind.recordBytes..<end * kind.recordBytes)
        hash.update(piece)
        for record in 0..<end - first {
          labels.append(piece[record * kind.recordBytes + kind.labelBytes - 1])
        }
      }
      _ = try problems.labelCount(labels[starts.last!...], wanted: classes) { record in
        "\(path), sample \(record), byte \(record * kind.recordBytes + kind.labelBytes - 1)"
      }
      starts.append(labels.count)
      files.append(SharedFile(file))
    }
    self.files = files
    self.starts = starts
    self.labels = labels
    count = labels.count
    byteCount = bytes
    labelCount = classes
    fingerprint = hash.fingerprint()
    name = paths[0].title(isAlone: paths.count == 1)
    path = paths[0].description
  }

  func label(_ index: Int) -> Int32 { Int32(labels[index]) }

  func image(_ index: Int) throws(DatasetError) -> SourceImage {
    let file = (starts.firstIndex { $0 > index } ?? starts.count) - 1
    let offset = (index - starts[file]) * kind.recordBytes + kind.labelBytes
    let planes = try files[file].file.bytes(offset..<offset + CIFARFormat.imageBytes)
    return .bytes(
      RasterImage(
        height: CIFARFormat.side, width: CIFARFormat.side, channels: 3,
        pixels: planes.interleaved(channels: 3)))
  }
}
