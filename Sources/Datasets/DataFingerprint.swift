/// The identity of a data set's content: a SHA-256, the same on every machine that has the same bytes,
/// wherever they lie and whenever they were written. Ranks compare it before the first step; a checkpoint
/// records it.
public struct DataFingerprint: Hashable, Sendable, CustomStringConvertible {
  /// The 32 bytes of the digest.
  public let bytes: [UInt8]

  init(bytes: [UInt8]) {
    self.bytes = bytes
  }

  /// The fingerprint that `description` printed; nil unless it is 64 hexadecimal digits.
  public init?(_ description: String) {
    let digits = description.utf8.compactMap { Character(Unicode.Scalar($0)).hexDigitValue }
    guard digits.count == 64, description.utf8.count == 64 else { return nil }
    bytes = stride(from: 0, to: 64, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
  }

  /// 64 hexadecimal digits.
  public var description: String {
    let digits = Array("0123456789abcdef")
    return String(bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] })
  }
}
