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

  /// More memory that all ranks of a node see, zero at first: `bytes` for each node; nil on all ranks if a
  /// node has none to give. All ranks of the communicator must take part: two all-gathers of a few bytes.
  func share(bytes: Int) throws(CommunicationError) -> SharedMemory?
}

extension NodeMemory {
  /// The place of a rank among those of its node, and how many these are.
  public func position(of rank: Int) -> (index: Int, count: Int) {
    for ranks in nodes {
      if let index = ranks.firstIndex(of: rank) { return (index, ranks.count) }
    }
    preconditionFailure("rank \(rank) is on no node")
  }
}

/// Memory that ranks of one node see, for as long as this object lives on each of them.
///
/// Whoever writes it and whoever reads it have to agree on when: nothing here does it for them.
public final class SharedMemory: @unchecked Sendable {
  /// The first byte; its address is a multiple of 4096.
  public let pointer: UnsafeMutableRawPointer
  /// The number of bytes.
  public let count: Int
  private let dropPages: @Sendable () -> Void
  private let unmap: @Sendable () -> Void

  init(
    _ pointer: UnsafeMutableRawPointer, count: Int, dropPages: @escaping @Sendable () -> Void = {},
    unmap: @escaping @Sendable () -> Void
  ) {
    self.pointer = pointer
    self.count = count
    self.dropPages = dropPages
    self.unmap = unmap
  }

  deinit { unmap() }

  /// Has this process count none of the memory as its own until it reads or writes it again; the values stay.
  public func forget() { dropPages() }
}
