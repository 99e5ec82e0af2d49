/// Characters (Unicode scalars) out of bytes that come one after another and may be anything.
struct UTF8Decoder {
  /// What a byte brings.
  enum Outcome {
    /// A character is complete.
    case character(UInt32)
    /// More bytes of it must follow.
    case incomplete
    /// No UTF-8 has this byte in this place (Unicode 15, table 3-7).
    case invalid
  }

  private var value: UInt32 = 0
  private var least: UInt32 = 0
  private var missing = 0

  /// Whether the bytes so far end with a whole character.
  var isComplete: Bool { missing == 0 }

  /// Takes the next byte. After ``Outcome/invalid`` nothing more may be asked.
  @inline(__always)
  mutating func take(_ byte: UInt8) -> Outcome {
    if missing == 0 {
      switch byte {
      case 0..<0x80: return .character(UInt32(byte))
      case 0xC2..<0xE0: (value, least, missing) = (UInt32(byte & 0x1F), 0x80, 1)
      case 0xE0..<0xF0: (value, least, missing) = (UInt32(byte & 0x0F), 0x800, 2)
      case 0xF0..<0xF5: (value, least, missing) = (UInt32(byte & 0x07), 0x1_0000, 3)
      default: return .invalid
      }
      return .incomplete
    }
    guard byte & 0xC0 == 0x80 else { return .invalid }
    value = value << 6 | UInt32(byte & 0x3F)
    missing -= 1
    guard missing == 0 else { return .incomplete }
    // Longer than need be, a surrogate, or beyond the last character.
    guard value >= least, Unicode.Scalar(value) != nil else { return .invalid }
    return .character(value)
  }
}
