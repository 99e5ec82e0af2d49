extension Fixture {
  /// A grey PNG of stored blocks.
  static func png(_ height: Int, _ width: Int, _ pixels: [UInt8]) -> [UInt8] {
    let rows = (0..<height).flatMap { [0] + pixels[$0 * width..<($0 + 1) * width] }
    var (a, b) = (1, 0)
    for byte in rows {
      a = (a + Int(byte)) % 65_521
      b = (b + a) % 65_521
    }
    let stream =
      [0x78, 1, 1, UInt8(rows.count & 255), UInt8(rows.count >> 8), UInt8(~rows.count & 255)]
      + [UInt8(~rows.count >> 8 & 255)] + rows + big(b << 16 | a)
    return [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
      + chunk("IHDR", big(width) + big(height) + [8, 0, 0, 0, 0]) + chunk("IDAT", stream) + chunk("IEND", [])
  }

  private static func big(_ number: Int) -> [UInt8] {
    (0..<4).map { UInt8(truncatingIfNeeded: number >> (24 - 8 * $0)) }
  }

  private static func chunk(_ type: String, _ content: [UInt8]) -> [UInt8] {
    var crc: UInt32 = ~0
    for byte in Array(type.utf8) + content {
      crc ^= UInt32(byte)
      for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0xEDB8_8320 : crc >> 1 }
    }
    return big(content.count) + Array(type.utf8) + content + big(Int(~crc))
  }
}
