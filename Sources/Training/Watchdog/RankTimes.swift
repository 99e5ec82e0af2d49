/// What every rank spent its time on, over a while.
package struct RankTimes: Sendable, Equatable {
  /// Seconds of computation, of loading data and of waiting for other ranks, in rank order.
  package let computing: [Double]
  package let loading: [Double]
  package let waiting: [Double]
  /// The rank that computed longest for its share of micro-batches.
  package let slowest: Int

  /// The difference of what all ranks told at two moments.
  /// - Parameter shares: the micro-batches of each rank.
  package init(from earlier: [RankPlace], to later: [RankPlace], shares: [Int]) {
    func seconds(_ part: (RankPlace) -> Int) -> [Double] {
      zip(earlier, later).map { Double(max(0, part($1) - part($0))) * 1e-3 }
    }
    computing = seconds(\.busy)
    loading = seconds(\.loading)
    waiting = seconds(\.waiting)
    let costs = zip(computing, shares).map { $0 / Double(max($1, 1)) }
    slowest = costs.indices.max { costs[$0] < costs[$1] } ?? 0
  }
}
