import Harness

/// A PNG or JPEG image, as the one member of a shard, behind whose header it is put, and as the one file of a
/// folder: CRCs of PNG's chunks are made right, so that the decoder sees what a checksum would hide.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  var image = Array(UnsafeBufferPointer(start: start, count: count))
  if image.count % 2 == 0 { mend(&image) }
  var header = [UInt8](repeating: 0, count: 512)
  func put(_ text: String, _ offset: Int) {
    header.replaceSubrange(offset..<offset + text.utf8.count, with: text.utf8)
  }
  func octal(_ number: Int, _ digits: Int) -> String {
    let text = String(number, radix: 8)
    return String(repeating: "0", count: digits - text.count) + text
  }
  put("0.png", 0)
  put(octal(image.count, 11), 124)
  put("        ", 148)
  put("0", 156)
  put("ustar\u{0}00", 257)
  put(octal(header.reduce(0) { $0 + Int($1) }, 6) + "\u{0} ", 148)
  let padding = [UInt8](repeating: 0, count: (512 - image.count % 512) % 512 + 1024)
  (header + image + padding).withUnsafeBufferPointer {
    Reading.run($0.baseAddress, $0.count, name: "input.tar")
  }
  image.withUnsafeBufferPointer {
    Reading.run($0.baseAddress, $0.count, name: "images/0.png", opensFolder: true)
  }
  return 0
}

private func mend(_ image: inout [UInt8]) {
  var position = 8
  while position + 12 <= image.count {
    let length = (0..<4).reduce(0) { $0 << 8 | Int(image[position + $1]) }
    guard length <= image.count - position - 12 else { return }
    var crc: UInt32 = ~0
    for byte in image[position + 4..<position + 8 + length] {
      crc = table[Int(UInt8(truncatingIfNeeded: crc) ^ byte)] ^ crc >> 8
    }
    for byte in 0..<4 {
      image[position + 8 + length + byte] = UInt8(truncatingIfNeeded: ~crc >> UInt32(24 - 8 * byte))
    }
    position += 12 + length
  }
}

private let table: [UInt32] = (0..<256).map {
  (0..<8).reduce(UInt32($0)) { crc, _ in crc & 1 == 1 ? crc >> 1 ^ 0xEDB8_8320 : crc >> 1 }
}
