public import TensorCore

/// Labelled or unlabelled images of one size, or volumes, read by index.
///
/// A data set knows nothing of ranks: every process opens the same one and reads the indices it is given.
/// `read` may be called from several threads at once.
public protocol ImageDataset: Sendable {
  /// What a log line calls it, such as `pottery` or the file's or folder's name.
  var name: String { get }
  /// The number of samples.
  var count: Int { get }
  /// The shape of a delivered sample: `[height, width, channels]`, of a volume `[depth, height, width, 1]`
  /// with its layers from the top.
  var sampleShape: Shape { get }
  /// Labels lie in `0..<labelCount`; 0 when the samples are unlabelled.
  var labelCount: Int { get }
  /// One more than the largest label of any sample: `labelCount`, unless a request asked for more classes.
  var usedLabelCount: Int { get }
  /// What the classes are called, in the order of their labels; empty where they have no names.
  var classNames: [String] { get }
  /// The characters of text in one-hot rows, of which each has a column; nil of what is no text.
  var characters: String? { get }
  /// The identity of the content; see ``DataFingerprint``.
  var fingerprint: DataFingerprint { get }
  /// What is done to the images of a file or folder before they are delivered, and what is left out, in a few
  /// words each: `cropped and scaled from 480 x 640`, `made grey`, `2 files ignored: 2 gif`.
  var remarks: [String] { get }
  /// What samples are called in the plural: `images`, or `samples` where they are points or text.
  var sampleName: String { get }

  /// Writes sample `index` as values in [-1, 1] in the order of ``sampleShape``: row by row from the top,
  /// channels innermost (HWC). Returns its label, -1 when the samples are unlabelled.
  /// - Precondition: `0 <= index < count`.
  /// - Throws: ``DatasetError`` that names the file, when it cannot be read or decoded.
  func read(_ index: Int, into pixels: UnsafeMutablePointer<Float>) throws(DatasetError) -> Int32
}

extension ImageDataset {
  /// Nothing, unless the data set says otherwise.
  public var remarks: [String] { [] }

  /// All labels, unless the data set says otherwise.
  public var usedLabelCount: Int { labelCount }

  /// None, unless the data set says otherwise.
  public var classNames: [String] { [] }

  /// No text, unless the data set says otherwise.
  public var characters: String? { nil }

  /// Images, unless the data set says otherwise.
  public var sampleName: String { "images" }

  /// The height of a delivered image in pixels, or of a layer in voxels.
  public var height: Int { sampleShape[-3] }
  /// The width of a delivered image in pixels, or of a layer in voxels.
  public var width: Int { sampleShape[-2] }
  /// The channels of a delivered image: 1 (grey) or 3 (RGB).
  public var channels: Int { sampleShape.channels }

  /// The values of one delivered sample.
  public var valuesPerImage: Int { sampleShape.count }
}
