/// The built-in vessels as a source, to be looked at and packed.
struct PotteryImages: ImageSource {
  private let pottery: Pottery

  init(_ request: DatasetRequest) throws(DatasetError) { pottery = try Pottery(request) }

  var name: String { pottery.name }
  var format: String { "built-in" }
  var path: String { pottery.name }
  var count: Int { pottery.count }
  var extent: ImageExtent? { ImageExtent(height: pottery.height, width: pottery.width) }
  var channelRange: ClosedRange<Int> { pottery.channels...pottery.channels }
  var labelCount: Int { pottery.labelCount }
  var classNames: [String] { pottery.classNames }
  var byteCount: Int { 0 }
  var fingerprint: DataFingerprint { pottery.fingerprint }

  func label(_ index: Int) -> Int32 { Int32(index % pottery.labelCount) }

  func image(_ index: Int) throws(DatasetError) -> SourceImage {
    var pixels = [Float](repeating: 0, count: pottery.valuesPerImage)
    try pixels.withUnsafeMutableBufferPointer { (buffer) throws(DatasetError) in
      _ = try pottery.read(index, into: buffer.baseAddress!)
    }
    return .floats(
      FloatImage(height: pottery.height, width: pottery.width, channels: pottery.channels, pixels: pixels))
  }
}
