public import TensorCore

/// The built-in data set: procedural vessels in eight classes, labelled, of any size and number.
///
/// Each is a solid of revolution thrown after its class's ranges of control points, some with handles and
/// painted bands, drawn as a light vessel on black (1 channel) or in the colours of clay on a dark ground (3
/// channels). As volumes they are the same vessels, hollow and upright. Sample *i* is a pure function of *i*;
/// every bit is the same on every machine.
public struct Pottery: ImageDataset {
  /// `pottery`.
  public let name = "pottery"
  /// The samples of an epoch.
  public let count: Int
  /// The height and width of an image in pixels, or the sides of a volume in voxels.
  public let size: Int
  /// 1 (grey, or of volumes) or 3 (RGB).
  public let channels: Int
  /// Whether samples are volumes.
  public let isVolume: Bool
  /// Version of the generator, number of samples, size and channels; other of volumes than of images.
  public let fingerprint: DataFingerprint

  /// `[size, size, channels]`, of volumes `[size, size, size, 1]`.
  public var sampleShape: Shape { isVolume ? [size, size, size, 1] : [size, size, channels] }
  /// `images` or `volumes`.
  public var sampleName: String { isVolume ? "volumes" : "images" }
  /// The names of the eight forms.
  public var classNames: [String] { Self.classNames }
  /// The number of classes.
  public var labelCount: Int { Self.classNames.count }

  /// The classes, in the order of their labels.
  public static let classNames = VesselForm.all.map(\.name)
  /// The samples of an epoch unless the request says otherwise.
  public static let defaultCount = 60_000
  /// Raised with every change of any bit of any image.
  static let generatorVersion = 1
  /// Raised with every change of any bit of any volume.
  static let volumeGeneratorVersion = 1

  /// `count` vessels drawn `size` pixels high and wide, or modelled in `size` voxels a side.
  /// - Precondition: all are positive; `channels` is 1 or 3, of volumes 1.
  public init(count: Int = Pottery.defaultCount, size: Int, channels: Int = 1, isVolume: Bool = false) {
    precondition(count > 0 && size > 0 && (channels == 1 || channels == 3), "pottery of 1 or 3 channels")
    precondition(!isVolume || channels == 1, "volumes of 1 channel")
    self.count = count
    self.size = size
    self.channels = channels
    self.isVolume = isVolume
    let hash = ContentHash(kind: isVolume ? "pottery volumes" : "pottery")
    let version = isVolume ? Self.volumeGeneratorVersion : Self.generatorVersion
    for number in [version, count, size, channels] { hash.add(number) }
    fingerprint = hash.fingerprint()
  }

  init(_ request: DatasetRequest) throws(DatasetError) {
    let count = request.count ?? Self.defaultCount
    guard count > 0 else {
      throw DatasetError(.unsuitable, "0 samples: a data set of \(count)", "pottery", "ask for 1 or more")
    }
    try request.check(labels: Self.classNames.count, "classes", place: "pottery")
    self.init(count: count, size: request.size, channels: request.channels, isVolume: request.isVolume)
  }

  /// Draws vessel `index`; its label is `index % 8`.
  public func read(_ index: Int, into pixels: UnsafeMutablePointer<Float>) throws(DatasetError) -> Int32 {
    precondition(0 <= index && index < count, "sample \(index) of \(count)")
    let vessel = Vessel(index: index)
    if isVolume {
      VesselVoxels(vessel, size: size).draw(into: pixels)
    } else {
      VesselRenderer(vessel, size: size).draw(into: pixels, channels: channels)
    }
    return Int32(vessel.label)
  }
}
