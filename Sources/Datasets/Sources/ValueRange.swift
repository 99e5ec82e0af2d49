/// The least and the largest value of a whole file, infinite where it has none, and how they say that its
/// values are to be read.
struct ValueRange {
  let least: Float
  let largest: Float

  /// The byte that is full or white: 1 where no byte is larger.
  var full: UInt8 { largest > 1 ? 255 : 1 }

  /// Bytes of the file, 255 where they are ``full``.
  func pixels(_ bytes: [UInt8]) -> [UInt8] { full == 1 ? bytes.map { $0 * 255 } : bytes }

  /// Floats of the file in -1...1: they lie in 0...1 where none is negative.
  func signed(_ values: [Float]) -> [Float] {
    let (scale, shift): (Float, Float) = least >= 0 ? (2, -1) : (1, 0)
    return values.map { $0 * scale + shift }
  }
}
