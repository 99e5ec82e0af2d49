/// How the camera was held, as JPEG's Exif data say (CIPA DC-008, 4.6.4 and 4.6.5).
enum EXIFOrientation {
  /// Whether the image in `bytes`, a whole file, is to be turned or mirrored before it is shown. False for
  /// PNG, and for Exif data that are not whole.
  static func isTurned(_ bytes: UnsafeRawBufferPointer) -> Bool {
    guard bytes.starts(with: [0xFF, 0xD8]) else { return false }
    // Cameras write Exif data in front of the image.
    for (marker, content) in JPEGSegments(bytes)
    where marker == 0xE1 && content.starts(with: Array("Exif".utf8) + [0, 0]) {
      return 2...8 ~= orientation(UnsafeRawBufferPointer(rebasing: content.dropFirst(6)))
    }
    return false
  }

  /// The tag 274 of the first directory of a TIFF header, an unsigned number of 16 bits, or of 32; 1 if there
  /// is none.
  private static func orientation(_ tiff: UnsafeRawBufferPointer) -> Int {
    let isBigEndian = tiff.starts(with: Array("MM".utf8))
    guard isBigEndian || tiff.starts(with: Array("II".utf8)) else { return 1 }
    func number16(_ offset: Int) -> Int {
      guard offset >= 0, offset + 2 <= tiff.count else { return 0 }
      let value = tiff.bigEndian16(at: offset)
      return isBigEndian ? value : (value & 0xFF) << 8 | value >> 8
    }
    func number32(_ offset: Int) -> Int {
      isBigEndian
        ? number16(offset) << 16 | number16(offset + 2) : number16(offset + 2) << 16 | number16(offset)
    }
    let directory = number32(4)
    for entry in 0..<number16(directory) where number16(directory + 2 + 12 * entry) == 274 {
      let place = directory + 2 + 12 * entry
      return number16(place + 2) == 4 ? number32(place + 8) : number16(place + 8)
    }
    return 1
  }
}
