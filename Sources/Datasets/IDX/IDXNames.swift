import Platform

/// How IDX files find each other in a folder, after the four MNIST files: `train-images-idx3-ubyte` and
/// `train-labels-idx1-ubyte`, `t10k-…`; a dot may stand before `idx`, another word for `images`, and `.gz` at
/// the end.
enum IDXNames {
  private static let gzip = Array(".gz".utf8)

  /// Whether `name` ends as an IDX file of images does.
  static func isImages(_ name: [UInt8]) -> Bool { stem(name, suffix: "idx3-ubyte") != nil }

  /// Among the names of a folder, the file of images to train on: the one that begins with `train-` if there
  /// is one, else the only one. Of a plain and a gzip copy, the plain one, which is read where it lies.
  static func images(among names: [[UInt8]], folder: FilePath) throws(DatasetError) -> [UInt8]? {
    let candidates = names.filter(isImages).filter { name in
      !(name.ends(with: gzip) && names.contains(Array(name.dropLast(gzip.count))))
    }
    let training = candidates.filter { $0.starts(with: Array("train-".utf8)) }
    let chosen = training.isEmpty ? candidates : training
    guard chosen.count <= 1 else {
      let list = chosen.map { TerminalText.escaped($0) }.joined(separator: ", ")
      throw DatasetError(
        .unsuitable, "several IDX files of images: \(list)", folder.description, "name one of the files")
    }
    return chosen.first
  }

  /// The names under which the labels of `images` may lie, in the order of preference.
  static func labels(of images: [UInt8]) -> [[UInt8]] {
    guard let stem = stem(images, suffix: "idx3-ubyte") else { return [] }
    let dash = UInt8(ascii: "-")
    let prefix = stem.lastIndex(of: dash).map { Array(stem[...$0]) } ?? []
    return ["labels-idx1-ubyte", "labels.idx1-ubyte"].flatMap { ending in
      [prefix + Array(ending.utf8), prefix + Array(ending.utf8) + gzip]
    }
  }

  /// `name` without `suffix`, the `-` or `.` before it and `.gz` after it; nil if it does not end so.
  private static func stem(_ name: [UInt8], suffix: String) -> [UInt8]? {
    let plain = name.ends(with: gzip) ? name.dropLast(gzip.count) : name[...]
    for separator in ["-", "."] where plain.ends(with: Array((separator + suffix).utf8)) {
      return Array(plain.dropLast(suffix.utf8.count + 1))
    }
    return nil
  }
}

extension Collection where Self: BidirectionalCollection, Element == UInt8 {
  /// Whether the last elements are `suffix`.
  func ends(with suffix: [UInt8]) -> Bool { self.suffix(suffix.count).elementsEqual(suffix) }
}
