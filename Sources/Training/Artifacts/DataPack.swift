package import Datasets
import Glibc
import Platform
import Reporting
import TensorCore

/// Writes a data set as tar shards with an index: WebDataset's layout, which every reader of tar reads.
///
/// PNG and JPEG files go in as they are; other images become PNGs, numbers rounded to bytes, and so do all
/// where they are brought to one size. The folder appears whole or not at all: it is written under a
/// temporary name, made durable and renamed. What a pack to the same place has left that was killed is removed.
package struct DataPack {
  /// Samples written.
  package let samples: Int
  /// Shards written.
  package let shards: Int
  /// Bytes written, the index aside.
  package let bytes: Int
  /// Whether numbers were rounded to bytes.
  package let isRounded: Bool
  /// Images whose Exif data say that they are to be turned, which is not done.
  package let turned: Int
  /// What is to be known of how images that are written anew were read, a phrase each.
  package let remarks: [String]

  /// - Parameters:
  ///   - folder: made by this; it must not be there.
  ///   - shardBytes: a shard is ended by the sample that makes it as long.
  ///   - isFitted: whether images are written in the size that the request asks for, as a run would see them.
  ///   - tell: called before each sample.
  /// - Throws: `DatasetError` for data that cannot be read, for text and where a stop is wished,
  ///   ``OutputError`` for a folder that cannot be written, ``RunFolderError`` for one that is there already.
  package init(
    _ request: DatasetRequest, to folder: String, shardBytes: Int, isFitted: Bool = false,
    telling tell: (_ done: Int, _ of: Int) -> Void = { _, _ in }
  ) throws {
    let folder = Files.withoutTrailingSlashes(folder)
    guard !RunFolderFiles.exists(folder) else {
      throw RunFolderError(
        .occupied, "the folder exists already", folder, "choose another --output, or remove it")
    }
    let source = try Datasets.source(request)
    guard source.characters == nil else {
      throw DatasetError(
        .unsuitable, "text packed as pictures would lose its characters", source.name, "train on it as it is")
    }
    turned = source.turnedCount
    remarks = isFitted ? source.remarks : []
    var fitted: (any ImageDataset)?
    // An array's numbers are of one type, and files of images hold bytes.
    var isFloat = false
    if isFitted {
      isFloat = try source.count > 0 && source.image(0).isFloat
      var request = request
      request.channels = source.channelRange.upperBound
      fitted = try Datasets.fitted(source, request)
    }
    // From here on a signal must leave nothing behind.
    StopSignals.catchAll()
    let (temporary, lock) = try PackFolder.make(for: folder)
    defer { close(lock) }
    var made: [String] = []
    do {
      var index: [ShardIndex.Shard] = []
      var isRounded = false
      var writer = ShardWriter()
      func end() throws {
        guard writer.samples > 0 else { return }
        writer.finish()
        let name = "shard-\(Digits.padded(index.count, to: 6)).tar"
        made.append(name)
        try AtomicFile.write(writer.bytes, to: "\(temporary)/\(name)", durable: true)
        index.append(
          ShardIndex.Shard(
            name: name, bytes: writer.bytes.count, samples: writer.samples, sha256: writer.sha256))
        writer = ShardWriter()
      }
      for number in 0..<source.count {
        tell(number, source.count)
        if StopSignals.isStopWished {
          throw DatasetError(
            .stopped, "stopped after \(number) of \(source.count) samples", folder,
            "nothing is kept; run it again")
        }
        let (file, ending, rounded) =
          try fitted.map { (try Self.picture($0, number), "png", isFloat) } ?? Self.file(source, number)
        isRounded = isRounded || rounded
        writer.append(
          key: Digits.padded(number, to: 9), image: file, extension: ending, label: source.label(number))
        if writer.bytes.count >= shardBytes { try end() }
      }
      try end()
      made.append(ShardIndex.fileName)
      let text = ShardIndex(
        labelCount: source.labelCount,
        classNames: source.classNames, shards: index
      ).text
      try AtomicFile.write(Array(text.utf8), to: "\(temporary)/\(ShardIndex.fileName)", durable: true)
      guard rename(temporary, folder) == 0 else {
        throw ReportingError.cannotWrite(path: folder, operation: "rename", errno: errno)
      }
      try AtomicFile.synchronizeFolder(of: folder)
      samples = source.count
      shards = index.count
      bytes = index.reduce(0) { $0 + $1.bytes }
      self.isRounded = isRounded
    } catch {
      for name in made { unlink("\(temporary)/\(name)") }
      rmdir(temporary)
      if let error = error as? DatasetError, error.kind == .badData {
        throw error.advisingCheck(ofPairs: request.isPaired)
      }
      throw OutputError.naming(folder, in: error)
    }
  }

  /// An image as a run would see it.
  private static func picture(_ dataset: any ImageDataset, _ number: Int) throws -> [UInt8] {
    let image = try Tensor([dataset.height, dataset.width, dataset.channels]) {
      _ = try dataset.read(number, into: $0)
    }
    return try PNGFile(encoding: ImageGrid.pixels(ofOne: image)).bytes
  }

  private static func file(
    _ source: any ImageSource, _ number: Int
  ) throws -> (bytes: [UInt8], extension: String, isRounded: Bool) {
    // Decoded in any case: nothing is packed that cannot be read.
    let image = try source.image(number)
    if let file = try source.imageFile(number) { return (file.bytes, file.extension, false) }
    let raster = image.raster
    let pixels = Pixels(
      width: raster.width, height: raster.height, channels: raster.channels, samples: raster.pixels)
    return (try PNGFile(encoding: pixels).bytes, "png", image.isFloat)
  }
}
