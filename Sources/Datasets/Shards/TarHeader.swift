/// The block before each file of a tar archive.
struct TarHeader {
  private let bytes: [UInt8]

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  var isZero: Bool { bytes.allSatisfy { $0 == 0 } }
  var type: UInt8 { bytes[156] }

  /// `prefix/name`, as POSIX joins them.
  var name: [UInt8] {
    let prefix = bytes[257..<263].elementsEqual([0x75, 0x73, 0x74, 0x61, 0x72, 0]) ? text(345..<500) : []
    return prefix.isEmpty ? text(0..<100) : prefix + [UInt8(ascii: "/")] + text(0..<100)
  }

  /// The bytes of content; nil if the field holds anything but an octal number.
  var size: Int? { Self.octal(bytes[124..<136]) }

  /// Whether the sum of all bytes, those of the checksum itself as spaces, is what the field says.
  var hasChecksum: Bool {
    let sum = bytes.indices.reduce(0) { $0 + ((148..<156).contains($1) ? 0x20 : Int(bytes[$1])) }
    return Self.octal(bytes[148..<156]) == sum
  }

  private func text(_ range: Range<Int>) -> [UInt8] { Array(bytes[range].prefix { $0 != 0 }) }

  /// Digits, with spaces before them, and spaces and NULs behind.
  private static func octal(_ field: ArraySlice<UInt8>) -> Int? {
    let digits = field.drop { $0 == 0x20 }.prefix { (0x30...0x37).contains($0) }
    let rest = field[digits.endIndex...]
    guard !digits.isEmpty, rest.allSatisfy({ $0 == 0 || $0 == 0x20 }) else { return nil }
    return digits.reduce(0) { $0 << 3 | Int($1 - 0x30) }
  }
}

/// What a pax header says of the next file: lines `LENGTH KEY=VALUE`.
struct PaxFields {
  private(set) var path: [UInt8]?
  private(set) var size: Int?
  private var isWhole = true

  init(_ bytes: [UInt8]) {
    var rest = bytes[...]
    while !rest.isEmpty {
      let digits = rest.prefix { (0x30...0x39).contains($0) }
      guard let length = Int(String(decoding: digits, as: UTF8.self)), length <= rest.count,
        length > digits.count + 2, rest[digits.endIndex] == 0x20, rest[rest.startIndex + length - 1] == 0x0A
      else {
        isWhole = false
        return
      }
      let record = rest[digits.endIndex + 1..<rest.startIndex + length - 1]
      rest = rest[(rest.startIndex + length)...]
      guard let equals = record.firstIndex(of: UInt8(ascii: "=")) else {
        isWhole = false
        return
      }
      let value = record[(equals + 1)...]
      if record[..<equals].elementsEqual("path".utf8) { path = Array(value) }
      if record[..<equals].elementsEqual("size".utf8) {
        size = Int(String(decoding: value, as: UTF8.self))
        if size == nil || size! < 0 { isWhole = false }
      }
    }
  }

  /// The fields, or what `error` gives for text that is no pax header.
  func get(_ error: () -> DatasetError) throws(DatasetError) -> PaxFields {
    guard isWhole else { throw error() }
    return self
  }
}
