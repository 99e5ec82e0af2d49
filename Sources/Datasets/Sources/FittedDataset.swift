import TensorCore

/// The images of a source in the size and with the channels that a run asks for.
struct FittedDataset: ImageDataset {
  let name: String
  let count: Int
  let sampleShape: Shape
  let labelCount: Int
  let fingerprint: DataFingerprint
  private let source: any ImageSource
  private let fit: Fit

  private enum Fit {
    /// Whole pixels of images of one size.
    case exact(PixelFit)
    /// Antialiased, of images of any size.
    case resampled(Resampling)
  }

  /// - Throws: ``DatasetError`` of kind `unsuitable` for images that do not fit the size asked for.
  init(_ source: any ImageSource, _ request: DatasetRequest) throws(DatasetError) {
    switch (request.resize, source.extent) {
    case (.none, let extent?):
      fit = .exact(
        try PixelFit(
          height: extent.height, width: extent.width, size: request.size, path: FilePath(source.path)))
    case (.none, nil):
      // Sources refuse this themselves unless they are asked to resize.
      preconditionFailure("images of several sizes are opened to be resized")
    case (let mode, _):
      fit = .resampled(Resampling(size: request.size, mode: mode))
    }
    self.source = source
    name = source.name
    count = source.count
    sampleShape = [request.size, request.size, request.channels]
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
    let changes =
      switch fit {
      case .exact(let fit): fit.changes
      case .resampled(let resampling): resampling.changes(source.extent)
      }
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
    switch (fit, image) {
    case (.exact(let fit), .bytes(let image)):
      // A grey image is repeated by the fit; colour becomes luma here.
      let image = channels == 1 ? image.converted(toChannels: 1) : image
      image.pixels.withUnsafeBufferPointer {
        fit.write($0.baseAddress!, channels: image.channels, into: pixels, channels: channels)
      }
    case (.exact(let fit), .floats(let image)):
      let image = channels == 1 ? image.converted(toChannels: 1) : image
      image.pixels.withUnsafeBufferPointer {
        fit.write($0.baseAddress!, channels: image.channels, into: pixels, channels: channels)
      }
    case (.resampled(let resampling), .bytes(let image)):
      resampling.write(image, channels: channels, into: pixels)
    case (.resampled(let resampling), .floats(let image)):
      resampling.write(image, channels: channels, into: pixels)
    }
    return source.label(index)
  }
}
