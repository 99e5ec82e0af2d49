import TensorCore

/// The images of a source in the size and with the channels that a run asks for.
struct FittedDataset: ImageDataset {
  let name: String
  let count: Int
  let sampleShape: Shape
  let labelCount: Int
  let fingerprint: DataFingerprint
  private let source: any ImageSource
  private let fit: ImageFit

  /// - Throws: ``DatasetError`` of kind `unsuitable` for images that do not fit the size asked for.
  init(_ source: any ImageSource, _ request: DatasetRequest) throws(DatasetError) {
    fit = try ImageFit(source.extent, request, path: source.path)
    self.source = source
    name = source.name
    count = source.count
    sampleShape = [request.size, (fit.isPaired ? 2 : 1) * request.size, request.channels]
    labelCount = source.labelCount
    fingerprint = source.fingerprint
  }

  var usedLabelCount: Int {
    Int((0..<(labelCount > 0 ? count : 0)).reduce(-1) { max($0, source.label($1)) }) + 1
  }
  var classNames: [String] { source.classNames }
  var characters: String? { source.characters }
  var sampleName: String { characters == nil ? "images" : "samples" }

  var remarks: [String] {
    // One-hot rows are no pictures that could look different.
    guard characters == nil else { return source.remarks }
    return [resizing, recolouring, turned, source.ignored.text].compactMap { $0 } + source.remarks
  }

  private var turned: String? {
    source.turnedCount > 0 ? "\(source.turnedCount) not turned as Exif says" : nil
  }

  private var resizing: String? {
    let changes = fit.changes(source.extent)
    guard !changes.isEmpty else { return nil }
    return "\(changes.joined(separator: " and ")) from \(source.extent?.sizes ?? "various sizes")"
  }

  private var recolouring: String? {
    let range = source.channelRange
    guard range != channels...channels else { return nil }
    let some = range.contains(channels) ? "some made" : "made"
    return "\(some) \(channels == 1 ? "grey" : "RGB")"
  }

  func read(_ index: Int, into pixels: UnsafeMutablePointer<Float>) throws(DatasetError) -> Int32 {
    precondition(0 <= index && index < count, "sample \(index) of \(count)")
    let image = try source.image(index)
    // A file may have changed since it was listed.
    guard !fit.isPaired || image.extent.isPair else { throw .noPair(image.extent, source.path) }
    fit.write(image, into: pixels)
    return source.label(index)
  }
}
