/// What travels over a ``WatchLink``: 112 bytes, fourteen little-endian words.
package struct WatchRecord: Sendable, Equatable {
  package enum Kind: Int, Sendable {
    /// A rank shows who it is; sent over every address that leads to rank 0.
    case hello = 1
    /// Rank 0 knows it.
    case welcome
    /// What the sender is doing.
    case place
    /// The sender ends in order.
    case goodbye
    /// Rank 0 has said what is wrong; leave without a word.
    case verdict
    /// The sender has found no memory, and is about to end.
    case exhausted
  }

  static let byteCount = 8 * (4 + RankPlace.wordCount)
  private static let mark = 0x4C4F_434B_5354_4550

  package let kind: Kind
  /// Drawn by rank 0 for this job, so that no stranger is taken for a rank.
  package let token: Int
  package let rank: Int
  package var place = RankPlace()

  package var bytes: [UInt8] {
    ([Self.mark, token, kind.rawValue, rank] + place.words).flatMap { word in
      withUnsafeBytes(of: Int64(word).littleEndian) { Array($0) }
    }
  }

  package init(_ kind: Kind, token: Int, rank: Int, place: RankPlace = RankPlace()) {
    self.kind = kind
    self.token = token
    self.rank = rank
    self.place = place
  }

  /// The record that these bytes hold; nil if they hold none.
  package init?(bytes: ArraySlice<UInt8>) {
    guard bytes.count == Self.byteCount else { return nil }
    let words = bytes.withUnsafeBytes { raw in
      (0..<4 + RankPlace.wordCount).map {
        Int(Int64(littleEndian: raw.loadUnaligned(fromByteOffset: $0 * 8, as: Int64.self)))
      }
    }
    guard words[0] == Self.mark, let kind = Kind(rawValue: words[2]) else { return nil }
    self.init(kind, token: words[1], rank: words[3], place: RankPlace(words: words[4...]))
  }
}
