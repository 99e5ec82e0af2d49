import Datasets
import Models
import Platform
import TensorCore

/// What is to be made of the samples of a data set of pairs: the halves that are not shown, by which what is
/// made is measured.
struct PairOriginals: ImageDataset {
  /// The whole pairs, from which contexts are cut.
  let pairs: any ImageDataset
  let fingerprint: DataFingerprint
  private let rule: ContextRule

  /// - Precondition: the rule is of pairs.
  private init(of pairs: any ImageDataset, _ rule: ContextRule) {
    (self.pairs, self.rule) = (pairs, rule)
    guard
      let fingerprint = DataFingerprint(
        SHA256.digest(of: "\(rule.shown.other.rawValue) halves of \(pairs.fingerprint)"))
    else { preconditionFailure("a digest is one") }
    self.fingerprint = fingerprint
  }

  /// What `rule` leaves to be made of samples: these themselves, unless they are pairs.
  static func of(_ dataset: any ImageDataset, _ rule: ContextRule?) -> any ImageDataset {
    guard let rule, rule.kind == .pair else { return dataset }
    return PairOriginals(of: dataset, rule)
  }

  var name: String { pairs.name }
  var count: Int { pairs.count }
  var sampleShape: Shape { [pairs.height, pairs.height, pairs.channels] }
  var labelCount: Int { pairs.labelCount }
  var usedLabelCount: Int { pairs.usedLabelCount }
  var classNames: [String] { pairs.classNames }

  func read(_ index: Int, into pixels: UnsafeMutablePointer<Float>) throws(DatasetError) -> Int32 {
    let (pair, labels) = try pairs.labelledImages(at: CollectionOfOne(index))
    rule.originals(of: pair).withUnsafePointer { pixels.update(from: $0, count: valuesPerImage) }
    return Int32(labels[0])
  }
}
