import Platform

/// The segments of the ranks of a ``ThreadCommunicator``.
final class ThreadSegments: @unchecked Sendable {
  static let segmentBytes = 1 << 16
  let nodes: [[Int]]
  let pointers: [UnsafeMutableRawPointer]
  /// What was allocated besides.
  private let shared = Monitor<[UnsafeMutableRawPointer]>([])

  init(nodes: [[Int]]) {
    self.nodes = nodes
    pointers = nodes.joined().map { _ in .allocate(byteCount: Self.segmentBytes, alignment: 64) }
  }

  deinit {
    for pointer in pointers { pointer.deallocate() }
    shared.withLock { for pointer in $0 { pointer.deallocate() } }
  }

  /// Zeroed memory that lasts as long as this.
  func allocate(bytes: Int) -> UnsafeMutableRawPointer {
    let pointer = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 4096)
    pointer.initializeMemory(as: UInt8.self, repeating: 0, count: bytes)
    nonisolated(unsafe) let kept = pointer
    shared.withLock { $0.append(kept) }
    return pointer
  }
}

/// Memory of this process. It is small, so that tests need many rounds, and its ranks meet in a barrier of
/// the whole communicator's, so that one that has left is noticed.
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

  func share(bytes: Int) throws(CommunicationError) -> SharedMemory? {
    let rank = communicator.rank
    let first = nodes.first { $0.contains(rank) }![0]
    let own = rank == first ? segments.allocate(bytes: bytes) : nil
    let addresses = try communicator.allGather(own.map { Int(bitPattern: $0) } ?? 0)
    let pointer = UnsafeMutableRawPointer(bitPattern: addresses[first])!
    return SharedMemory(pointer, count: bytes, unmap: { [segments] in withExtendedLifetime(segments) {} })
  }
}
