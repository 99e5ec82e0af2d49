/// Images of an NPY or NPZ file: `[N, H, W]` (grey), `[N, H, W, C]` or `[N, C, H, W]`, with 1 or 3 channels.
///
/// uint8 values are 0 to 255, or 0 and 1 where no value of the whole file is larger, as those of bool are.
/// float32 and float64 values, which are rounded to float32, lie in 0...1, or in -1...1 if any of them is
/// negative. Where both the last and the second extent could be the channels, the last ones are.
struct NPYImages: ImageSource {
  let name: String
  let format: String
  let count: Int
  let byteCount: Int
  let fingerprint: DataFingerprint
  let labelCount: Int
  let path: String
  private let array: NPYArray
  private let labels: [Int]?
  private let height: Int
  private let width: Int
  private let channels: Int
  private let isPlanar: Bool
  private let range: ValueRange

  var extent: ImageExtent? { ImageExtent(height: height, width: width) }

  var channelRange: ClosedRange<Int> { channels...channels }

  init(
    _ arrays: NumPyFiles.Arrays, request: DatasetRequest, problems: SampleProblems
  ) throws(DatasetError) {
    let (array, place) = (arrays.samples, arrays.samples.path.description)
    let extents = array.header.extents
    if let volumes = VolumeExtent(shape: extents) {
      throw DatasetError(
        .unsuitable, "volumes of \(volumes.sizes), or images of neither 1 nor 3 channels: shape \(extents)",
        place,
        "train on volumes with model.family=voxel-gan or voxel-pix2pix; save images with 1 or 3 channels")
    }
    let isChannels = { (extent: Int) in extent == 1 || extent == 3 }
    guard extents.count != 4 || isChannels(extents[3]) || isChannels(extents[1]) else {
      throw DatasetError(
        .unsuitable, "images of neither 1 nor 3 channels, or thin volumes: shape \(extents)", place,
        "save images with 1 or 3 channels, thin volumes as [N, D, H, W, 1]")
    }
    let isImage = [.bool, .uint8].contains(array.header.element) || array.header.element.isFloat
    guard isImage, extents.count == 3 || extents.count == 4 else {
      throw DatasetError(
        .unsuitable, "values of type \(array.header.element.rawValue) and shape \(extents) are no images",
        place,
        "save bool, uint8 or floats of shape [N, H, W], [N, H, W, C] or [N, C, H, W]; "
          + "points [N, 2] are for ring"
      )
    }
    if extents.count == 3 {
      (height, width, channels, isPlanar) = (extents[1], extents[2], 1, false)
    } else if isChannels(extents[3]) {
      (height, width, channels, isPlanar) = (extents[1], extents[2], extents[3], false)
    } else {
      (height, width, channels, isPlanar) = (extents[2], extents[3], extents[1], true)
    }
    guard extents[0] > 0, height > 0, width > 0 else {
      throw DatasetError(.badData, "0 samples: shape \(extents)", place, "use another file")
    }
    try request.limits.check(height: height, width: width, place: place)
    let hash = ContentHash(kind: "npy 1")
    range = try array.range(
      addingTo: hash, valuesPerSample: height * width * channels, of: "images", problems)
    // Their values are read otherwise than their bytes say.
    if Self.isBinary(array, range) { hash.update(Array("black and white".utf8)) }
    self.array = array
    format = arrays.format
    name = arrays.name
    byteCount = arrays.byteCount
    count = extents[0]
    path = place
    (labels, labelCount) = try arrays.labels(addingTo: hash, classes: request.labelCount, problems)
    fingerprint = hash.fingerprint()
  }

  var remarks: [String] {
    let isBinary = Self.isBinary(array, range)
    return [isBinary ? DarkBytes.binary : array.remark(on: range)].compactMap { $0 }
  }

  /// Whether bytes are 0 and 1 where they could be up to 255.
  private static func isBinary(_ array: NPYArray, _ range: ValueRange) -> Bool {
    array.header.element == .uint8 && range.largest == 1
  }

  func label(_ index: Int) -> Int32 { labels.map { Int32($0[index]) } ?? -1 }

  func image(_ index: Int) throws(DatasetError) -> SourceImage {
    let values = height * width * channels
    let bytes = try array.bytes(index * values..<(index + 1) * values)
    guard array.header.element.isFloat else {
      return .bytes(
        RasterImage(
          height: height, width: width, channels: channels, pixels: interleaved(range.pixels(bytes))))
    }
    return .floats(
      FloatImage(
        height: height, width: width, channels: channels,
        pixels: interleaved(range.signed(array.floats(bytes)))))
  }

  /// `[H, W, C]` from the file's order.
  private func interleaved<Value>(_ values: [Value]) -> [Value] {
    isPlanar ? values.interleaved(channels: channels) : values
  }
}
