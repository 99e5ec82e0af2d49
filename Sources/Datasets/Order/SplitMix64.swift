/// The finaliser of SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014;
/// variant 13 of Stafford): a bijection of 64-bit words in which every input bit changes every output bit
/// with probability one half. Keyed by a counter it replaces a generator with a state.
enum SplitMix64 {
  /// The odd integer nearest to 2^64 divided by the golden ratio: keeps the words of consecutive counters
  /// apart.
  static let increment: UInt64 = 0x9E37_79B9_7F4A_7C15

  static func mix(_ word: UInt64) -> UInt64 {
    var word = word
    word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
    word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
    return word ^ (word >> 31)
  }

  /// Word number `counter` under `key`.
  static func word(_ counter: UInt64, key: UInt64) -> UInt64 {
    mix(key &+ (counter &+ 1) &* increment)
  }
}
