/// How a vector of `count` elements is cut among the ranks that add it up.
///
/// Rank *r* owns one contiguous slice. Slices begin at multiples of 16 elements (a cache line) and travel in
/// rounds, so that what has arrived is added while it is in the cache.
public struct SlicePlan: Sendable, Equatable {
  /// Slices begin at multiples of so many elements.
  public static let alignment = 16

  /// 512 KiB: long against the cost of a message, short enough to be added while it is in the cache.
  public static let defaultRoundLength = 1 << 17

  /// Elements of the whole vector.
  public let count: Int
  /// The number of slices.
  public let worldSize: Int
  /// The most elements of a slice that travel in one round.
  public let roundLength: Int

  /// Slices of as equal length as the alignment allows.
  public init(count: Int, worldSize: Int, roundLength: Int = defaultRoundLength) {
    precondition(roundLength > 0 && roundLength % Self.alignment == 0, "rounds are aligned like slices")
    self.count = count
    self.worldSize = worldSize
    self.roundLength = roundLength
  }

  /// The elements that a rank owns; may be empty.
  public func slice(of rank: Int) -> Range<Int> {
    let lines = (count + Self.alignment - 1) / Self.alignment
    let start = rank * lines / worldSize * Self.alignment
    let end = (rank + 1) * lines / worldSize * Self.alignment
    return min(start, count)..<min(end, count)
  }

  /// The number of rounds: 0 for an empty vector.
  public var rounds: Int {
    let longest = (0..<worldSize).map { slice(of: $0).count }.max() ?? 0
    return (longest + roundLength - 1) / roundLength
  }

  /// The elements of a rank's slice that travel in a round; empty where the slice is used up.
  public func part(of rank: Int, round: Int) -> Range<Int> {
    let slice = slice(of: rank)
    let start = min(slice.lowerBound + round * roundLength, slice.upperBound)
    return start..<min(start + roundLength, slice.upperBound)
  }
}
