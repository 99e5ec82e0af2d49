package import DataParallel
import MessagePassing
import Training

/// What a sum over all ranks costs: what ``PartialSums`` sends and copies, over a link and a machine of given
/// speeds.
package struct ReductionCost: Sendable, Equatable {
  /// A node's link to the others.
  package struct Link: Sendable, Equatable {
    /// Bytes a second each way; infinite if nothing limits it.
    package let bandwidth: Double
    /// Seconds that a short message takes one way.
    package let latency: Double
    /// Seconds of a core for each byte sent and for each received, beside what TCP takes.
    package let work: Double

    /// - Parameter megabits: nominal, a second each way, of which Ethernet and TCP leave 96 %.
    /// - Parameter packet: seconds of a core for each packet of 1448 bytes sent and for each received.
    package init(megabits: Double, latency: Double, packet: Double = 0) {
      bandwidth = megabits * 1e6 / 8 * 0.96
      self.latency = latency
      work = packet / 1448
    }
  }

  /// What a core does in the course of a sum, in seconds.
  package struct Machine: Sendable, Equatable {
    /// To copy a byte between buffers that are not in a cache.
    package var copy: Double
    /// To send a byte over TCP and to receive one.
    package var wire: Double
    /// To send a short message and to receive one.
    package var message: Double

    package init(copy: Double, wire: Double, message: Double) {
      (self.copy, self.wire, self.message) = (copy, wire, message)
    }
  }

  private let link: Link
  private let machine: Machine
  private let format: WireFormat
  private let ranksOfNodes: [Int]
  /// The pieces of the node and of the rank that has the most.
  private let nodePieces: Int
  private let rankPieces: Int

  /// - Parameters:
  ///   - nodes: the ranks of each node.
  ///   - plan: of any rank.
  ///   - format: how numbers travel between nodes.
  package init(
    _ link: Link, _ machine: Machine, nodes: [Int], _ plan: MicroBatchPlan, as format: WireFormat = .float32
  ) {
    self.format = format
    self.link = link
    self.machine = machine
    ranksOfNodes = nodes
    let tree = plan.tree
    func pieces(_ ranks: Range<Int>) -> Int {
      tree.pieces(
        of: plan.microBatches(of: ranks.lowerBound)
          .lowerBound..<plan.microBatches(of: ranks.upperBound - 1)
          .upperBound
      ).count
    }
    var first = 0
    var ofNodes: [Int] = []
    for ranks in nodes {
      ofNodes.append(pieces(first..<first + ranks))
      first += ranks
    }
    nodePieces = ofNodes.max() ?? 1
    rankPieces = (0..<plan.worldSize).map { pieces($0..<$0 + 1) }.max() ?? 1
  }

  /// Bytes that the busiest node sends, and as many receives: 2(M - 1)/M of the vector over *M* nodes of one
  /// piece each, or half of that where numbers are rounded.
  package func bytesSent(of bytes: Double) -> Double {
    let nodes = Double(ranksOfNodes.count)
    let share = format == .float32 ? 1 : 0.5
    return share * bytes * Double(nodePieces + 1) * (nodes - 1) / nodes
  }

  /// The cost of a sum of `bytes`.
  package func callAsFunction(bytes: Double) -> StepPrediction.SumCost {
    let ranks = ranksOfNodes.reduce(0, +)
    guard ranks > 1 else { return .init(seconds: 0, work: 0) }
    let nodes = ranksOfNodes.count
    let most = ranksOfNodes.max() ?? 1
    /// ``NodeReduction``, else `Reduction`.
    let isShared = most > 1
    // Lengths, then a record a rank.
    let header = 2 * (Self.doublings(nodes) * link.latency + Self.doublings(ranks) * machine.message)
    // Its pieces to where others see them, its part of the addition, the sum.
    let copies = (isShared ? Double(rankPieces) : 0) + 1 + 1.5 / Double(ranks)
    let copying = bytes * machine.copy * copies
    guard nodes > 1 else { return .init(seconds: header + copying, work: copying) }
    // The vector passes in blocks or rounds, the last of which are not done when they are sent.
    let block =
      isShared
      ? Double(MPICommunicator.segmentBytes) / Double(NodeReduction.vectors(pieces: rankPieces))
      : Self.roundBytes * Double(ranks)
    let exchanges = (bytes / block).rounded(.up) + (isShared ? 2 : 1)
    // A long message is announced and asked for.
    let announcing = exchanges * 3 * link.latency
    let messages = exchanges * Double(nodes - 1) * Double(nodePieces + 1)
    let sent = bytesSent(of: bytes)
    let sending = messages * machine.message + sent * (machine.wire + 2 * link.work) / Double(most)
    // What the wire takes beyond that.
    let wire = max(0, sent / link.bandwidth - sending)
    let work = copying + sending
    return .init(seconds: header + announcing + work + wire, work: work)
  }

  private static let roundBytes = Double(4 * SlicePlan.defaultRoundLength)

  /// Of one, until there are `count`.
  private static func doublings(_ count: Int) -> Double {
    Double(Int.bitWidth - (count - 1).leadingZeroBitCount)
  }
}
