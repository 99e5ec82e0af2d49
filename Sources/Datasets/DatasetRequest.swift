/// Which data a run wants, and in what form.
public struct DatasetRequest: Hashable, Sendable {
  /// `pottery`, `ring`, `grid`, or a path; see ``Datasets/open(_:)``.
  public var source: String
  /// The height and width of the delivered images in pixels, or the sides of volumes in voxels.
  public var size: Int
  /// The channels of the delivered images: 1 (grey) or 3 (RGB).
  public var channels: Int
  /// Whether samples are volumes of `size` voxels a side, of one channel, instead of images.
  public var isVolume: Bool
  /// Whether samples are pairs of images side by side, delivered as `[size, 2 size, channels]`.
  public var isPaired: Bool
  /// The samples of an epoch of embedded or stacked data; ignored for files, which have the count they have.
  public var count: Int?
  /// The labels must lie in `0..<labelCount`; nil takes the count from the data.
  public var labelCount: Int?
  /// How images are brought to the size.
  public var resize: ResizeMode
  /// Grey images that make up a sample, one a channel; 1 for samples that are images themselves. See
  /// ``StackedImages``.
  public var stack: Int
  /// What is stacked depends on it.
  public var seed: UInt64
  /// What a file may ask for.
  public var limits: DatasetLimits

  /// A request; see the properties.
  public init(
    source: String, size: Int, channels: Int, isVolume: Bool = false, isPaired: Bool = false,
    count: Int? = nil, labelCount: Int? = nil, resize: ResizeMode = .none, stack: Int = 1,
    seed: UInt64 = 0, limits: DatasetLimits = DatasetLimits()
  ) {
    self.isVolume = isVolume
    self.isPaired = isPaired
    self.stack = stack
    self.seed = seed
    self.source = source
    self.size = size
    self.channels = channels
    self.count = count
    self.labelCount = labelCount
    self.resize = resize
    self.limits = limits
  }

  /// - Parameter noun: what data have that always have `labels` of them.
  /// - Throws: ``DatasetError`` of kind `unsuitable` if fewer labels are asked for.
  func check(labels: Int, _ noun: String, place: String) throws(DatasetError) {
    guard let labelCount, labelCount < labels else { return }
    throw DatasetError(
      .unsuitable, "\(labels) \(noun), so labels are out of range 0..<\(labelCount)", place,
      "ask for \(labels) labels")
  }
}

/// Bounds that hold before anything is allocated, whatever a header says.
public struct DatasetLimits: Hashable, Sendable {
  /// Bytes of one file's decompressed content.
  public var bytes: Int
  /// Height and width of a source image in pixels, and the sides of a volume.
  public var side: Int
  /// Pixels of a source image, or voxels of a volume.
  public var pixels: Int
  /// What ``bytes`` may be set to.
  public static let byteRange = 1...1 << 40
  /// What ``pixels`` may be set to; a side is bounded by itself.
  public static let pixelRange = 1...1 << 28
  /// What no label reaches, whatever is asked for: one that is larger is a mistake, and would have a number
  /// counted for each below it.
  static let labels = 1_000_000

  /// What to do about content that is too long for them.
  static let moreBytes = "raise dataset.maxBytes in training, --max-bytes of lockstep data"

  /// Limits; 4 GiB of content, 16,384 pixels a side and 89 million pixels (Pillow's bound) unless said
  /// otherwise.
  public init(bytes: Int = 4 << 30, side: Int = 16_384, pixels: Int = 89_000_000) {
    self.bytes = bytes
    self.side = side
    self.pixels = pixels
  }

  /// Checks the extent of an image; it has a pixel at least.
  /// - Throws: ``DatasetError``.
  func check(height: Int, width: Int, place: String) throws(DatasetError) {
    try check([height, width], "an image of \(height) x \(width)", place)
  }

  /// Checks the extent of a volume, whose voxels count as pixels; it has one at least.
  /// - Throws: ``DatasetError``.
  func check(_ extent: VolumeExtent, place: String) throws(DatasetError) {
    try check(extent.sides, "a volume of \(extent.sizes)", place)
  }

  private func check(_ sides: [Int], _ sample: String, _ place: String) throws(DatasetError) {
    guard sides.max()! <= side else {
      throw DatasetError(.badData, "\(sample), above the limit of \(side) a side", place, "use smaller ones")
    }
    // No side is long enough for the product to overflow.
    guard sides.reduce(1, *) <= pixels else {
      throw DatasetError(
        .badData, "\(sample), above the limit of \(pixels) pixels", place,
        "use smaller ones, or raise dataset.maxPixels in training, --max-pixels of lockstep data")
    }
  }
}
