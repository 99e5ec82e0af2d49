/// How the numbers of a sum travel between nodes.
public enum WireFormat: Sendable {
  /// As they are: a sum has the bits of one rank on any number of ranks and nodes.
  case float32
  /// Rounded to 8 significant bits (bfloat16), half as many bytes. Each node's sums are rounded once, and so
  /// is the sum over all nodes: its bits depend on which micro-batches share a node, and on nothing else. A
  /// node here is what shares memory, and without any each rank; on one node nothing is rounded.
  case bfloat16

  /// What a number takes.
  var bytesPerNumber: Int { self == .float32 ? 4 : 2 }
}
