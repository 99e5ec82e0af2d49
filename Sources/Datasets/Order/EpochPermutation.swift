/// A keyed permutation of `0..<count` with random access and constant memory: the order of the samples in one
/// epoch.
///
/// A Feistel network permutes the words of just enough bits (at least two): in each round the word (left,
/// right) becomes (right, left ^ F(round key, right)), where F is the SplitMix64 finaliser cut to the bits of
/// `left`; halves of unequal width swap their widths. A word beyond `count` is sent through the network again
/// (cycle walking, Black and Rogaway 2002), which takes fewer than two turns on average and keeps the map a
/// bijection of `0..<count`. Luby and Rackoff need four rounds for a pseudorandom permutation of large
/// halves; the twelve here also mix halves of one or two bits.
public struct EpochPermutation: Sendable {
  /// The number of samples.
  public let count: Int
  private let key: UInt64
  private let highBits: UInt64
  private let lowBits: UInt64

  private static let rounds = 12

  /// The order of epoch `epoch` under `seed`.
  /// - Precondition: `count > 0`.
  public init(count: Int, seed: UInt64, epoch: Int) {
    precondition(count > 0, "an empty data set has no order")
    self.count = count
    let bits = max(2, UInt64(Int.bitWidth - (count - 1).leadingZeroBitCount))
    highBits = bits / 2
    lowBits = bits - highBits
    key = SplitMix64.word(UInt64(bitPattern: Int64(epoch)), key: SplitMix64.mix(seed ^ 0x6570_6F63_68))
  }

  /// The sample at `position` of the epoch.
  /// - Precondition: `0 <= position < count`.
  public subscript(position: Int) -> Int {
    precondition(0 <= position && position < count, "position \(position) of \(count)")
    var word = UInt64(position)
    repeat { word = permuted(word) } while word >= UInt64(count)
    return Int(word)
  }

  private func permuted(_ word: UInt64) -> UInt64 {
    var (leftBits, rightBits) = (highBits, lowBits)
    var left = word >> rightBits
    var right = word & (1 << rightBits &- 1)
    for round in 0..<UInt64(Self.rounds) {
      let mixed = SplitMix64.word(right, key: SplitMix64.word(round, key: key))
      (left, right) = (right, left ^ (mixed >> (64 &- leftBits)))
      swap(&leftBits, &rightBits)
    }
    return left << rightBits | right
  }
}
