/// Finds the rank that computes longer for its share than the others do for theirs.
package struct StragglerWatch: Sendable {
  /// How much longer than the median of the others is worth a word.
  static let factor = 1.5
  /// Milliseconds and steps over which is measured.
  static let window: (milliseconds: Int64, steps: Int) = (10_000, 10)

  private let shares: [Int]
  private var start: (time: Int64, places: [RankPlace])?

  /// - Parameter shares: the micro-batches of each rank.
  package init(shares: [Int]) {
    self.shares = shares
  }

  /// Takes in where all ranks are.
  /// - Returns: at the end of a window in which a rank was slow, that rank, its milliseconds for a micro-batch and the
  ///   median of the others'.
  package mutating func slowest(at time: Int64, places: [RankPlace]) -> (
    rank: Int, own: Double, others: Double
  )? {
    guard let start else {
      if places.allSatisfy({ $0.turns > 0 }) { start = (time, places) }
      return nil
    }
    let steps = zip(places, start.places).map { $0.step - $1.step }
    guard places.count > 1, time - start.time >= Self.window.milliseconds,
      steps.allSatisfy({ $0 >= Self.window.steps })
    else { return nil }
    self.start = (time, places)
    let costs = places.indices.map { rank in
      Double(places[rank].busy - start.places[rank].busy) / Double(steps[rank] * max(shares[rank], 1))
    }
    guard let slowest = costs.indices.max(by: { costs[$0] < costs[$1] }) else { return nil }
    var others = costs
    others.remove(at: slowest)
    let median = others.sorted()[others.count / 2]
    guard median > 0, costs[slowest] > Self.factor * median else { return nil }
    return (slowest, costs[slowest], median)
  }
}
