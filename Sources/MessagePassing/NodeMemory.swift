/// Memory that the ranks of one node see: a segment for each of them.
///
/// It belongs to the thread that its communicator belongs to.
public protocol NodeMemory: AnyObject {
  /// Bytes of each rank's segment; its address is a multiple of 64.
  var segmentBytes: Int { get }

  /// The ranks of every node, ascending: the same on all ranks of the communicator.
  var nodes: [[Int]] { get }

  /// The segment of a rank of this node, for all of them to read and write.
  func segment(of rank: Int) -> UnsafeMutableRawPointer

  /// Returns when every rank of this node has entered. What a rank wrote before, all can read after.
  func synchronize() throws(CommunicationError)
}
