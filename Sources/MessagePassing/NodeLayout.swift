/// Which ranks share a node.
public struct NodeLayout: Sendable, Equatable {
  /// The node names, each once, in the order of their first rank.
  public let names: [String]
  /// For every rank, the index of its node in ``names``.
  public let nodeOfRank: [Int]

  /// For every rank, the name of its node.
  public var hosts: [String] { nodeOfRank.map { names[$0] } }

  /// Groups ranks by the processor names that they report, given in rank order.
  public init(processorNames: [String]) {
    var names: [String] = []
    nodeOfRank = processorNames.map { name in
      if let index = names.firstIndex(of: name) { return index }
      names.append(name)
      return names.count - 1
    }
    self.names = names
  }

  /// The ranks of a node, ascending.
  public func ranks(onNode node: Int) -> [Int] {
    nodeOfRank.indices.filter { nodeOfRank[$0] == node }
  }

  /// How many ranks share the node of `rank`.
  public func localSize(of rank: Int) -> Int {
    nodeOfRank.count { $0 == nodeOfRank[rank] }
  }
}

extension Communicator {
  /// Asks every rank for the name of its node: one all-gather.
  public func nodeLayout() throws(CommunicationError) -> NodeLayout {
    let names = try allGather(Array(processorName.utf8))
    return NodeLayout(processorNames: names.map { String(decoding: $0, as: UTF8.self) })
  }
}
