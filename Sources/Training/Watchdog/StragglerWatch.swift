import Platform
import Reporting

/// Finds the rank that computes longer for its share than the others do for theirs, or that waits longer for
/// its data.
package struct StragglerWatch: Sendable {
  /// How much longer than the median of the others is worth a word.
  static let factor = 1.5
  /// Milliseconds and steps over which is measured.
  static let window: (milliseconds: Int64, steps: Int) = (10_000, 10)
  /// The share of a step that a rank's data may take longer than those of the others.
  static let dataShare = 0.1

  /// A rank that holds up the others.
  package struct Finding: Sendable, Equatable {
    /// What it is slow at.
    package enum Kind: Sendable { case computing, loading }
    package let rank: Int
    package let kind: Kind
    /// Milliseconds for a micro-batch, or for the data of a step.
    package let own: Double
    /// The median of the others.
    package let others: Double

    package init(rank: Int, kind: Kind, own: Double, others: Double) {
      (self.rank, self.kind, self.own, self.others) = (rank, kind, own, others)
    }

    /// For people.
    func text(hosts: [String]) -> String {
      switch kind {
      case .computing:
        let ratio = FixedDecimal.text(own / others, places: 1)
        return "rank \(rank) on \(hosts[rank]) is slow at computing, \(ratio) times as long as the others, "
          + "\(Int(own)) ms a micro-batch; look for other work on its cores"
      case .loading:
        return "rank \(rank) on \(hosts[rank]) is slow at loading data, \(Int(own)) ms a step, the others "
          + "\(Int(others)); look at its disk, or keep the data on every host"
      }
    }
  }

  private let shares: [Int]
  private var start: (time: Int64, places: [RankPlace])?
  /// Whether a rank has stood still since it was last asked.
  private var isDisturbed = false
  /// The steps that all ranks have to have done before a window begins.
  private var leastStep = 0

  /// - Parameter shares: the micro-batches of each rank.
  package init(shares: [Int]) {
    self.shares = shares
  }

  /// Says that a rank has stood still: that is told by itself. What ranks do until their step has ended does
  /// not count.
  package mutating func disturb() { isDisturbed = true }

  /// Takes in where all ranks are.
  /// - Returns: what a window was found to be held up by, at its end.
  package mutating func slowest(at time: Int64, places: [RankPlace]) -> Finding? {
    if isDisturbed {
      (isDisturbed, start) = (false, nil)
      leastStep = 1 + (places.map(\.step).max() ?? 0)
    }
    guard let start else {
      if places.allSatisfy({ $0.turns > 0 && $0.step >= leastStep }) { start = (time, places) }
      return nil
    }
    let steps = zip(places, start.places).map { $0.step - $1.step }
    guard places.count > 1, time - start.time >= Self.window.milliseconds,
      steps.allSatisfy({ $0 >= Self.window.steps })
    else { return nil }
    self.start = (time, places)
    func costs(_ part: (RankPlace) -> Int, for pieces: (Int) -> Int) -> [Double] {
      places.indices.map { rank in
        Double(part(places[rank]) - part(start.places[rank])) / Double(steps[rank] * max(pieces(rank), 1))
      }
    }
    let step = Double(time - start.time) / Double(max(steps.min() ?? 1, 1))
    if let slow = Self.outlier(of: costs(\.busy) { shares[$0] }), slow.others > 0,
      slow.own > Self.factor * slow.others
    {
      return Finding(rank: slow.rank, kind: .computing, own: slow.own, others: slow.others)
    }
    if let slow = Self.outlier(of: costs(\.loading) { _ in 1 }),
      slow.own - slow.others > Self.dataShare * step
    {
      return Finding(rank: slow.rank, kind: .loading, own: slow.own, others: slow.others)
    }
    return nil
  }

  /// The largest of the costs and the median of the others.
  private static func outlier(of costs: [Double]) -> (rank: Int, own: Double, others: Double)? {
    guard let rank = costs.indices.max(by: { costs[$0] < costs[$1] }) else { return nil }
    var others = costs
    others.remove(at: rank)
    return (rank, costs[rank], others.median)
  }
}
