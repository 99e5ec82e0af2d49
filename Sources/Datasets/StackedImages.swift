package import TensorCore

/// Grey images on top of one another, one a channel: sample *i* is drawn from the images of another data set
/// by *i* and a seed alone. With three MNIST digits this is stacked MNIST and its 1,000 modes (Metz et al.
/// 2017; Srivastava et al. 2017, section 4.1; Lin et al. 2018, section 4.2).
///
/// The label is the number whose digits are the labels of the images, the first channel's foremost.
package struct StackedImages: ImageDataset {
  /// The images that are stacked.
  package let base: any ImageDataset
  package let count: Int
  package let channels: Int
  /// The labels of the images to the power of the channels.
  package let labelCount: Int
  package let fingerprint: DataFingerprint
  private let noise: KeyedNoise

  /// The samples of a data set unless the request says otherwise: those of the papers.
  package static let defaultCount = 128_000
  /// Raised with every change of any bit of any sample.
  private static let generatorVersion = 1

  /// - Throws: ``DatasetError`` of kind `unsuitable` for more labels than a number of 32 bits has.
  /// - Precondition: `base` is grey.
  init(_ base: any ImageDataset, _ request: DatasetRequest) throws(DatasetError) {
    precondition(base.channels == 1, "grey images are stacked")
    self.base = base
    channels = request.channels
    count = request.count ?? Self.defaultCount
    let seed = request.seed
    noise = KeyedNoise(seed: seed, purpose: .stacking, turn: 0)
    let hash = ContentHash(kind: "stack of \(base.fingerprint)")
    for number in [Self.generatorVersion, channels, count, Int(truncatingIfNeeded: seed)] { hash.add(number) }
    fingerprint = hash.fingerprint()
    var labels: Int32 = 1
    for _ in 0..<channels {
      let (product, isTooLarge) = labels.multipliedReportingOverflow(by: Int32(base.labelCount))
      guard !isTooLarge else {
        throw DatasetError(
          .unsuitable, "stacks of \(channels) images with \(base.labelCount) labels each have too many",
          base.name, "stack fewer of them, or images of fewer labels")
      }
      labels = product
    }
    labelCount = Int(labels)
    try request.check(labels: labelCount, "classes of stacks", place: base.name)
  }

  package var name: String { "\(base.name), \(channels) on top of one another" }
  package var remarks: [String] { base.remarks }
  package var sampleName: String { base.sampleName }
  package var sampleShape: Shape { [base.height, base.width, channels] }

  /// The images of sample `index`, one a channel, each as likely as any other.
  package func parts(of index: Int) -> [Int] {
    (0..<channels).map { channel in
      let position = index * channels + channel
      return Int(noise.block(position >> 2)[position & 3].multipliedFullWidth(by: UInt32(base.count)).high)
    }
  }

  package func read(_ index: Int, into pixels: UnsafeMutablePointer<Float>) throws(DatasetError) -> Int32 {
    precondition(0 <= index && index < count, "sample \(index) of \(count)")
    let places = height * width
    let plane = TensorStorage(count: places)
    var label: Int32 = 0
    for (channel, part) in parts(of: index).enumerated() {
      let digit = try base.read(part, into: plane.pointer)
      label = digit < 0 || label < 0 ? -1 : label * Int32(base.labelCount) + digit
      for place in 0..<places { pixels[place * channels + channel] = plane.pointer[place] }
    }
    return label
  }
}
