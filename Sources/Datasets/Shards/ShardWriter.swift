import Platform

/// Builds tar archives of samples in memory, one shard at a time, in POSIX ustar: times and owners are zero,
/// so that equal samples give equal bytes.
package struct ShardWriter {
  /// The archive so far.
  package private(set) var bytes: [UInt8] = []
  /// Samples in it.
  package private(set) var samples = 0

  package init() {}

  /// Appends an image file `KEY.EXTENSION` and, of a labelled sample, `KEY.cls`.
  /// - Precondition: `key` is at most 80 bytes of letters and digits.
  package mutating func append(key: String, image: [UInt8], extension ending: String, label: Int32) {
    append("\(key).\(ending)", image)
    if label >= 0 { append("\(key).cls", Array("\(label)".utf8)) }
    samples += 1
  }

  /// Ends the archive with two blocks of zeros.
  package mutating func finish() {
    bytes += [UInt8](repeating: 0, count: 2 * TarReader.block)
  }

  /// SHA-256 of the archive, in hexadecimal digits.
  package var sha256: String { SHA256.digest(of: bytes) }

  private mutating func append(_ name: String, _ content: [UInt8]) {
    precondition(name.utf8.count <= 100, "a name fits its field")
    var header = [UInt8](repeating: 0, count: TarReader.block)
    func put(_ text: String, at offset: Int) {
      header.replaceSubrange(offset..<offset + text.utf8.count, with: text.utf8)
    }
    func octal(_ number: Int, digits: Int) -> String { Digits.padded(number, to: digits, radix: 8) }
    put(name, at: 0)
    put("0000644", at: 100)
    put(octal(0, digits: 7), at: 108)
    put(octal(0, digits: 7), at: 116)
    put(octal(content.count, digits: 11), at: 124)
    put(octal(0, digits: 11), at: 136)
    put("        ", at: 148)
    put("0", at: 156)
    put("ustar", at: 257)
    put("00", at: 263)
    put(octal(header.reduce(0) { $0 + Int($1) }, digits: 6) + "\0 ", at: 148)
    bytes += header + content
    bytes += [UInt8](
      repeating: 0, count: (TarReader.block - content.count % TarReader.block) % TarReader.block)
  }
}
