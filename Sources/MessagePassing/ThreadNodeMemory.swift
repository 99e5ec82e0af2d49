/// The segments of the ranks of a ``ThreadCommunicator``.
final class ThreadSegments: @unchecked Sendable {
  static let segmentBytes = 1 << 16
  let nodes: [[Int]]
  let pointers: [UnsafeMutableRawPointer]

  init(nodes: [[Int]]) {
    self.nodes = nodes
    pointers = nodes.joined().map { _ in .allocate(byteCount: Self.segmentBytes, alignment: 64) }
  }

  deinit {
    for pointer in pointers { pointer.deallocate() }
  }
}

/// Memory of this process. It is small, so that tests need many rounds, and its ranks meet in a barrier of the whole
/// communicator's, so that one that has left is noticed.
final class ThreadNodeMemory: NodeMemory {
  let segmentBytes = ThreadSegments.segmentBytes
  var nodes: [[Int]] { segments.nodes }
  private let segments: ThreadSegments
  private unowned let communicator: ThreadCommunicator

  init(_ segments: ThreadSegments, of communicator: ThreadCommunicator) {
    self.segments = segments
    self.communicator = communicator
  }

  func segment(of rank: Int) -> UnsafeMutableRawPointer { segments.pointers[rank] }

  func synchronize() throws(CommunicationError) { try communicator.barrier() }
}
