/// Images as they lie in files, read by index, before they are fitted to what a run asks for.
///
/// Opening reads every byte, those of shards and of members that are stored in NPZ files twice: what the
/// headers promise is held against what is there, and the fingerprint covers all of it. `image` may be called
/// from several threads at once.
package protocol ImageSource: Sendable {
  /// What a log line calls it: the name of the file or folder.
  var name: String { get }
  /// What kind of files it is read from, such as `IDX`.
  var format: String { get }
  /// The number of samples.
  var count: Int { get }
  /// The size of all images; nil if they have several.
  var extent: ImageExtent? { get }
  /// The channels of images, 1 (grey) or 3 (RGB), from the fewest to the most.
  var channelRange: ClosedRange<Int> { get }
  /// Labels lie in `0..<labelCount`; 0 when the samples are unlabelled.
  var labelCount: Int { get }
  /// What the classes are called, in the order of their labels; empty where they have no names.
  var classNames: [String] { get }
  /// The bytes of all files.
  var byteCount: Int { get }
  /// The identity of the content; see ``DataFingerprint``.
  var fingerprint: DataFingerprint { get }
  /// The file that errors about all samples name.
  var path: String { get }

  /// The characters that the columns of one-hot text stand for; nil of images.
  var characters: String? { get }
  /// Images beside those that are read.
  var ignored: IgnoredFiles { get }
  /// What is to be known of how the values are read, a phrase each.
  var remarks: [String] { get }
  /// Images whose Exif data say that they are to be turned or mirrored, which is not done.
  var turnedCount: Int { get }

  /// Whether samples can be delivered as `request` asks, beyond what any image can.
  /// - Throws: ``DatasetError`` of kind `unsuitable` that says why not.
  func check(_ request: DatasetRequest) throws(DatasetError)

  /// The label of a sample, -1 when unlabelled.
  func label(_ index: Int) -> Int32

  /// The image of a sample.
  /// - Throws: ``DatasetError`` that names the file, when it cannot be read or decoded.
  func image(_ index: Int) throws(DatasetError) -> SourceImage

  /// The sample's own image file with its extension, `png` or `jpg`; nil where samples have no files.
  func imageFile(_ index: Int) throws(DatasetError) -> (bytes: [UInt8], extension: String)?
}

extension ImageSource {
  package var classNames: [String] { [] }

  package var characters: String? { nil }

  package var ignored: IgnoredFiles { IgnoredFiles() }

  package var remarks: [String] { [] }

  package var turnedCount: Int { 0 }

  package func check(_ request: DatasetRequest) throws(DatasetError) {}

  package func imageFile(_ index: Int) throws(DatasetError) -> (bytes: [UInt8], extension: String)? { nil }
}

/// One image of a source.
package enum SourceImage: Sendable {
  /// Bytes, 0 black and 255 white.
  case bytes(RasterImage)
  /// Numbers in [-1, 1].
  case floats(FloatImage)

  /// Grey (1) or RGB (3).
  package var channels: Int {
    switch self {
    case .bytes(let image): image.channels
    case .floats(let image): image.channels
    }
  }
}

/// What is wrong with samples as a source is opened: thrown at the first, or collected so that all can be
/// listed.
package final class SampleProblems {
  /// What was collected.
  package private(set) var list: [DatasetError] = []
  /// How many of them are whole images of another size than most.
  package private(set) var otherSizes = 0
  let collects: Bool
  /// Whether these are data, of which `data check` finds all that are bad where only the first is told.
  private let areData: Bool
  /// Whether the samples are to be pairs, which the check that is advised has to know.
  var arePairs = false

  /// - Parameters:
  ///   - collects: whether to go on after a problem.
  ///   - areData: whether the samples are such as `data check` reads.
  package init(collects: Bool = false, areData: Bool = true) {
    (self.collects, self.areData) = (collects, areData)
  }

  /// Throws `error`, or keeps it, unless it is the wish to stop.
  func report(_ error: DatasetError) throws(DatasetError) {
    guard collects, error.kind != .stopped else {
      throw areData ? error.advisingCheck(ofPairs: arePairs) : error
    }
    list.append(error)
  }

  /// The number of classes of labels, at least one: `wanted`, or one more than the largest. Those that are
  /// out of range are reported.
  /// - Parameter place: where the label of a number stands.
  func labelCount<Labels: Sequence>(
    _ labels: Labels, wanted: Int?, at place: (_ number: Int) -> String
  ) throws(DatasetError) -> Int where Labels.Element: BinaryInteger {
    guard let wanted else { return Int(labels.max()!) + 1 }
    for (number, label) in labels.enumerated() where label >= wanted {
      try report(
        DatasetError(
          .badData, "label \(label) is out of range 0..<\(wanted)", place(number),
          "correct the data or the number of labels"))
    }
    return wanted
  }

  /// Throws `error`, or keeps it, about an image of another size than most.
  func reportSize(_ error: DatasetError) throws(DatasetError) {
    // With --any-size none of them would be listed.
    guard collects else { throw error.advising("`lockstep data check` lists every one") }
    try report(error)
    otherSizes += 1
  }
}
