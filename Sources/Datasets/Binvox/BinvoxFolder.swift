import Platform
import TensorCore

/// A folder of binvox's volumes of one size; a sub-folder is a label. See ``LabelledFiles`` for the rules,
/// and ``BinvoxFile`` for the axes.
///
/// Opening reads every file once, as that of an image folder does; the fingerprint covers every byte. Volumes
/// are decoded when they are read.
struct BinvoxFolder: VolumeDataset {
  let name: String
  let labelCount: Int
  let usedLabelCount: Int
  let classNames: [String]
  let fingerprint: DataFingerprint
  let byteCount: Int
  let least: Float
  let largest: Float
  let ignored: IgnoredFiles
  private let folder: FilePath
  private let samples: [LabelledFiles.Sample]
  private let limits: DatasetLimits
  private let fit: VolumeFit

  var format: String { "binvox folder" }
  var type: String { "bool" }
  var count: Int { samples.count }
  var extent: VolumeExtent { fit.extent }
  var sampleShape: Shape { Shape(fit.result.sides + [1]) }
  var remarks: [String] { [fit.remark, ignored.text].compactMap { $0 } }

  /// - Parameter longest: the longest side in voxels of volumes to look at, which are averaged over the least
  ///   boxes; nil for those of `request.size`.
  /// - Throws: ``DatasetError`` for files that are damaged or of several sizes, for a size that they do not
  ///   fit, and for more labels than asked for.
  init(
    _ folder: FilePath, listing: FolderListing, _ request: DatasetRequest, longest: Int? = nil,
    problems: SampleProblems = SampleProblems()
  ) throws(DatasetError) {
    let content = try LabelledFiles(
      .volume, in: folder, listing: listing, labelCount: request.labelCount)
    let labels = content.labelNames.count
    let hash = ContentHash(kind: "binvox folder 1")
    var whole: [LabelledFiles.Sample] = []
    var (bytes, hasEmpty, hasFull, first) = (0, false, false, nil as VolumeExtent?)
    for sample in content.samples {
      do throws(DatasetError) {
        let path = folder.appending(sample.path)
        let content = try OpenFile(path).sample(request.limits)
        let file = try BinvoxFile(content, place: path.description, limits: request.limits)
        if let first, first != file.extent { throw Self.otherSize(file.extent, than: first, path) }
        hash.add(content)
        hash.add(sample.path)
        first = file.extent
        (hasEmpty, hasFull) = (hasEmpty || file.hasEmpty, hasFull || file.hasFull)
        bytes += content.count
        whole.append(sample)
      } catch {
        try problems.report(error)
      }
    }
    // Without a volume there is nothing to list.
    guard let first else { throw problems.list[0] }
    fit =
      if let longest {
        VolumeFit(first, longest: longest)
      } else {
        try VolumeFit(first, size: request.size, place: folder.description)
      }
    (least, largest) = (hasEmpty ? 0 : 1, hasFull ? 1 : 0)
    fingerprint = hash.fingerprint()
    byteCount = bytes
    samples = whole
    labelCount = labels == 0 ? 0 : request.labelCount ?? labels
    usedLabelCount = labels
    classNames = content.labelNames.map { TerminalText.escaped($0) }
    ignored = content.ignored
    name = TerminalText.escaped(folder.name)
    limits = request.limits
    self.folder = folder
  }

  func label(_ index: Int) -> Int32 { samples[index].label }

  func read(
    _ index: Int, into values: UnsafeMutablePointer<Float>
  ) throws(DatasetError) -> Int32 {
    precondition(0 <= index && index < count, "sample \(index) of \(count)")
    let path = folder.appending(samples[index].path)
    let file = try BinvoxFile(OpenFile(path).sample(limits), place: path.description, limits: limits)
    // It may have been written over.
    guard file.extent == extent else { throw Self.otherSize(file.extent, than: extent, path) }
    file.voxels().withUnsafeBufferPointer { fit.write($0.baseAddress!, full: 1, into: values) }
    return label(index)
  }

  private static func otherSize(
    _ found: VolumeExtent, than first: VolumeExtent, _ path: FilePath
  ) -> DatasetError {
    DatasetError(
      .badData, "a volume of \(found.sizes), the first is of \(first.sizes)", path.description,
      "write all with one size, or remove it")
  }
}
