/// The two binary formats of https://www.cs.toronto.edu/~kriz/cifar.html: records of labels and a 32 x 32
/// image, all red values row by row, then all green ones, then all blue ones.
enum CIFARFormat: String, Sendable {
  /// One label byte.
  case ten = "CIFAR-10 binary"
  /// The coarse label, of 20, then the fine one, of 100, which is the sample's.
  case hundred = "CIFAR-100 binary"

  static let side = 32
  static let imageBytes = 3 * side * side

  var labelBytes: Int { self == .ten ? 1 : 2 }
  var recordBytes: Int { labelBytes + Self.imageBytes }
  var classes: Int { self == .ten ? 10 : 100 }

  /// Among the names of a folder, the files to train on, in order.
  static func files(among names: [[UInt8]]) -> (CIFARFormat, [[UInt8]])? {
    let batches = names.filter { $0.starts(with: Array("data_batch_".utf8)) && isName($0) }
    if !batches.isEmpty { return (.ten, batches) }
    let train = names.filter { $0.isName("train.bin") }
    return train.isEmpty ? nil : (.hundred, train)
  }

  /// The format of one file, told by its size, or by its name where both formats have files of that size.
  init?(name: [UInt8], size: Int) {
    let fitting = [CIFARFormat.ten, .hundred].filter { size > 0 && size.isMultiple(of: $0.recordBytes) }
    let isHundred = name.isName("train.bin") || name.isName("test.bin")
    guard let format = fitting.count == 2 ? (isHundred ? .hundred : .ten) : fitting.first else { return nil }
    self = format
  }

  /// Whether a file of that name may hold such records.
  static func isName(_ name: [UInt8]) -> Bool { name.isName(endingIn: ".bin") }
}
