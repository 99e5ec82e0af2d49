/// The segments in front of a JPEG's image data, each a marker and what it holds (ITU-T T.81, annex B).
struct JPEGSegments: Sequence, IteratorProtocol {
  private let bytes: UnsafeRawBufferPointer
  private var position = 2
  /// Whether the file has ended where a segment was to follow.
  private(set) var isCutOff = false

  /// - Parameter bytes: a whole file, which begins with SOI; valid while the segments are read.
  init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

  /// The next segment; nil where image data begin, at the end, and at what is no segment.
  mutating func next() -> (marker: UInt8, content: UnsafeRawBufferPointer)? {
    while position + 4 <= bytes.count {
      switch (bytes[position], bytes[position + 1]) {
      // A marker may have more than one 0xFF in front of it.
      case (0xFF, 0xFF):
        position += 1
      // TEM and RST0-7 have no content.
      case (0xFF, 0x01), (0xFF, 0xD0...0xD7):
        position += 2
      case (0xFF, let marker) where marker != 0xD9 && marker != 0xDA:
        let (start, end) = (position + 4, position + 2 + bytes.bigEndian16(at: position + 2))
        guard start <= end else { return nil }
        isCutOff = end > bytes.count
        guard !isCutOff else { return nil }
        position = end
        return (marker, UnsafeRawBufferPointer(rebasing: bytes[start..<end]))
      default:
        return nil
      }
    }
    isCutOff = true
    return nil
  }
}
