import Platform

/// Files of kinds that are not read, images above all, which lie among those of a folder or a shard and are
/// left out.
package struct IgnoredFiles: Equatable, Sendable {
  private static let extensions = Set(
    "avif bmp gif heic heif jp2 jxl pbm pgm pnm ppm tga tif tiff webp".split(separator: " "))

  private var counts: [String: Int] = [:]

  package init() {}

  /// Counts the file, if its name is that of such an image, or ends in one of `others`.
  mutating func add(_ name: [UInt8], or others: [String] = []) {
    guard let dot = name.lastIndex(of: UInt8(ascii: ".")), dot > 0 else { return }
    let kind = String(decoding: name[(dot + 1)...], as: UTF8.self).lowercased()
    if !add(kind: kind), others.contains(kind) { count(kind) }
  }

  /// Counts a file by what its name ends in, in lower case; false if that is no such image.
  mutating func add(kind: String) -> Bool {
    guard Self.extensions.contains(kind[...]) else { return false }
    count(kind)
    return true
  }

  /// Counts a file of a kind.
  mutating func count(_ kind: String) { counts[kind, default: 0] += 1 }

  mutating func add(_ other: IgnoredFiles) {
    counts.merge(other.counts, uniquingKeysWith: +)
  }

  /// How many there are of each kind, in the order of the kinds' names.
  package var kinds: [(name: String, count: Int)] {
    counts.sorted { $0.key < $1.key }.map { (name: $0.key, count: $0.value) }
  }

  /// `1 gif, 2 webp`; empty if there are none.
  package var list: String { kinds.map { "\($0.count) \($0.name)" }.joined(separator: ", ") }

  /// `3 files ignored: 1 gif, 2 webp`; nil if there are none.
  package var text: String? {
    guard !counts.isEmpty else { return nil }
    let count = counts.values.reduce(0, +)
    return "\(Count.text(count, "file")) ignored: \(list)"
  }
}
