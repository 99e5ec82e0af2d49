/// How images become samples of the size and with the channels that a run asks for: whole or, of pairs, each
/// half by itself, so that no pixel of one shows in the other.
struct ImageFit: Sendable {
  private enum Way {
    /// Whole pixels of images of one size.
    case exact(PixelFit)
    /// Antialiased, of images of any size.
    case resampled(Resampling)
  }

  private let way: Way
  private let size: Int
  private let channels: Int
  let isPaired: Bool

  /// - Parameters:
  ///   - extent: of all images; nil if they have several, which are resized.
  ///   - path: a file that errors name.
  /// - Throws: ``DatasetError`` of kind `unsuitable` for images that do not fit the size asked for.
  init(_ extent: ImageExtent?, _ request: DatasetRequest, path: String) throws(DatasetError) {
    (size, channels, isPaired) = (request.size, request.channels, request.isPaired)
    switch (request.resize, request.isPaired ? extent?.half : extent) {
    case (.none, let extent?):
      way = .exact(
        try PixelFit(
          height: extent.height, width: extent.width, isHalf: isPaired, size: request.size,
          path: FilePath(path)))
    case (.none, nil):
      // Sources refuse this themselves unless they are asked to resize.
      preconditionFailure("images of several sizes are opened to be resized")
    case (let mode, _):
      way = .resampled(Resampling(size: request.size, mode: mode))
    }
  }

  /// What it does to images of a size, nil for several sizes: nothing, `cropped`, `scaled`, `padded` or two
  /// of these.
  func changes(_ extent: ImageExtent?) -> [String] {
    switch way {
    case .exact(let fit): fit.changes
    case .resampled(let resampling): resampling.changes(isPaired ? extent?.half : extent)
    }
  }

  /// Writes `size * size * channels` values in [-1, 1], or of a pair `size * 2 size * channels`.
  /// - Precondition: a pair is one.
  func write(_ image: SourceImage, into pixels: UnsafeMutablePointer<Float>) {
    guard isPaired else { return writeSquare(image, into: pixels) }
    precondition(image.extent.isPair, "\(image.extent) is no pair")
    let row = size * channels
    withUnsafeTemporaryAllocation(of: Float.self, capacity: size * row) { half in
      let half = half.baseAddress.unsafelyUnwrapped
      for isLeft in [true, false] {
        writeSquare(image.half(isLeft: isLeft), into: half)
        for place in 0..<size {
          (pixels + (2 * place + (isLeft ? 0 : 1)) * row).update(from: half + place * row, count: row)
        }
      }
    }
  }

  private func writeSquare(_ image: SourceImage, into pixels: UnsafeMutablePointer<Float>) {
    switch (way, image) {
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
  }
}
