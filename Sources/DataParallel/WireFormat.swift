package import MessagePassing

/// How the numbers of a sum travel between nodes.
public enum WireFormat: String, CaseIterable, Sendable {
  /// As they are: a sum has the bits of one rank on any number of ranks and nodes.
  case float32
  /// Rounded to 8 significant bits (bfloat16), half as many bytes. Each node's sums are rounded once, and so is the sum over
  /// all nodes: its bits depend on which micro-batches share a node, and on nothing else. On one node nothing is rounded.
  case bfloat16

  /// What a number takes.
  var bytesPerNumber: Int { self == .float32 ? 4 : 2 }
}

extension WireFormat {
  /// Finds out whether sums can travel so between the nodes of a layout. All ranks call.
  /// - Throws: ``PlanError`` if not, on all ranks alike; `CommunicationError`.
  package func check(_ layout: NodeLayout, over communicator: any Communicator) throws {
    guard self != .float32, layout.names.count > 1 else { return }
    guard layout.nodeOfRank == layout.nodeOfRank.sorted() else { throw PlanError.scatteredRanks(self) }
    // Without, each rank would count as a node.
    let isAlone = layout.names.count == communicator.size
    if try !isAlone && communicator.nodeMemory() == nil { throw PlanError.noSharedMemory(self) }
  }
}
