/// Memory that all ranks of a communicator see, because they run on one node: a segment for each rank.
///
/// It belongs to the thread that its communicator belongs to.
public protocol NodeMemory: AnyObject {
  /// Bytes of each rank's segment; its address is a multiple of 64.
  var segmentBytes: Int { get }

  /// The segment of a rank, for all to read and write.
  func segment(of rank: Int) -> UnsafeMutableRawPointer

  /// Returns when every rank has entered. What a rank wrote before, all can read after.
  func synchronize() throws(CommunicationError)
}
