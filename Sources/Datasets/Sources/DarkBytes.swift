import Platform

/// What is said of bytes that are small as they lie in files, where 255 is full.
enum DarkBytes {
  /// Of those of a whole data set that are 0 and 1, as those of masks.
  static let binary = "bytes of 0 and 1 read as black and white"

  /// Of those of a whole data set that are nearly black; nil of others.
  static func remark(largest: Int) -> String? {
    (2...15).contains(largest) ? "no byte above \(largest), where 255 is full" : nil
  }

  /// Of those of a few images of many that are 0 and 1, of which the others are not known; nil of others.
  static func remark(largest: Int, ofImages count: Int) -> String? {
    largest == 1 ? "no byte above 1 in \(Count.text(count, "image")), where 255 is full" : nil
  }
}
