package import MessagePassing

/// How gradients travel between nodes; moments and statistics travel as they are.
///
/// In all but `float32` the bits of a sum depend on which micro-batches share a node, and on nothing else.
/// Where there is one node a sum is what it is in `float32`.
public enum GradientWire: String, CaseIterable, Sendable {
  /// As they are: a sum has the bits of one rank on any number of ranks and nodes.
  case float32
  /// As numbers of 16 bits; see ``WireFormat/bfloat16``.
  case bfloat16
  /// Matrices as products of two thin ones, with error feedback; see ``PowerSGDSum``.
  case powersgd

  /// How the numbers travel that are not compressed.
  /// - Parameter acrossNodes: whether there are several nodes. Without shared memory each rank of one would
  ///   count as a node, and round what it sends.
  package func format(acrossNodes: Bool) -> WireFormat {
    self == .bfloat16 && acrossNodes ? .bfloat16 : .float32
  }

  /// Finds out whether gradients can travel so between the nodes of a layout. All ranks call.
  /// - Returns: the ranks of each node, as sums see them: those that share memory, where some do.
  /// - Throws: ``PlanError`` if not, on all ranks alike; `CommunicationError`.
  package func check(_ layout: NodeLayout, over communicator: any Communicator) throws -> [[Int]] {
    let nodes = layout.names.indices.map(layout.ranks(onNode:))
    guard self != .float32, layout.names.count > 1 else { return nodes }
    guard layout.nodeOfRank == layout.nodeOfRank.sorted() else { throw PlanError.scatteredRanks(self) }
    // Without, each rank would count as a node.
    let isAlone = layout.names.count == communicator.size
    guard let memory = try communicator.nodeMemory() else {
      if isAlone { return nodes }
      throw PlanError.noSharedMemory(self)
    }
    guard memory.nodes.flatMap({ $0 }) == Array(0..<communicator.size) else {
      throw PlanError.scatteredRanks(self)
    }
    return memory.nodes
  }
}
