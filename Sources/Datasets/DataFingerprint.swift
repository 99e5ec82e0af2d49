import Platform

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
    guard let bytes = Hexadecimal.bytes(description), bytes.count == 32 else { return nil }
    self.bytes = bytes
  }

  /// 64 hexadecimal digits.
  public var description: String { Hexadecimal.text(bytes) }
}
