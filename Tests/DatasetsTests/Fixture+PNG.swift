extension Fixture {
  /// A PNG of stored blocks: grey, of 2 channels grey and alpha, of 3 RGB, of 4 RGB and alpha.
  static func png(_ height: Int, _ width: Int, _ pixels: [UInt8], channels: Int = 1) -> [UInt8] {
    let row = width * channels
    let rows = (0..<height).flatMap { [0] + pixels[$0 * row..<($0 + 1) * row] }
    var (a, b) = (1, 0)
    for byte in rows {
      a = (a + Int(byte)) % 65_521
      b = (b + a) % 65_521
    }
    let stream = [0x78, 1] + deflated(rows) + big(b << 16 | a)
    return [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
      + chunk("IHDR", big(width) + big(height) + [8, [0, 4, 2, 6][channels - 1], 0, 0, 0])
      + chunk("IDAT", stream) + chunk("IEND", [])
  }

  private static func big(_ number: Int) -> [UInt8] {
    (0..<4).map { UInt8(truncatingIfNeeded: number >> (24 - 8 * $0)) }
  }

  private static func chunk(_ type: String, _ content: [UInt8]) -> [UInt8] {
    big(content.count) + Array(type.utf8) + content + big(crc(Array(type.utf8) + content))
  }
}
