import CMPI

/// A window of MPI-3 shared memory (`MPI_Win_allocate_shared`) over all ranks of a communicator.
///
/// Ranks meet by counters in the memory itself, in less than a microsecond where all of them run: no message is sent.
final class MPINodeMemory: NodeMemory {
  /// 4 MiB: blocks that stay in the second-level cache, and little of what a container has in /dev/shm.
  let segmentBytes = 4 << 20
  /// A cache line of its own in front of each segment, so that waiting for one rank does not slow down another.
  private static let counterBytes = 64

  private let rank: Int
  private let segments: [UnsafeMutableRawPointer]
  private var meetings: UInt64 = 0

  /// Shares memory between all ranks of `communicator`, which must all take part; nil if they run on several nodes, or
  /// if one of them got no memory.
  init?(_ communicator: MPICommunicator) throws(CommunicationError) {
    rank = communicator.rank
    var node: MPI_Comm? = nil
    try MPILibrary.check(
      MPI_Comm_split_type(
        communicator.handle, Int32(MPI_COMM_TYPE_SHARED), Int32(rank), CMPI_INFO_NULL(), &node),
      "MPI_Comm_split_type", rank: rank)
    var size: Int32 = 0
    try MPILibrary.check(MPI_Comm_size(node, &size), "MPI_Comm_size", rank: rank)
    guard Int(size) == communicator.size else {
      MPI_Comm_free(&node)
      return nil
    }
    var own: UnsafeMutableRawPointer? = nil
    var window: MPI_Win? = nil
    let bytes = segmentBytes + Self.counterBytes
    let code = MPI_Win_allocate_shared(bytes, 1, CMPI_INFO_NULL(), node, &own, &window)
    let isShort = code != MPI_SUCCESS || own == nil
    if try communicator.maximum(of: isShort ? 1 : 0) == 1 { return nil }
    var segments: [UnsafeMutableRawPointer] = []
    for rank in 0..<communicator.size {
      var available: MPI_Aint = 0
      var unit: Int32 = 0
      var base: UnsafeMutableRawPointer? = nil
      try MPILibrary.check(
        MPI_Win_shared_query(window, Int32(rank), &available, &unit, &base), "MPI_Win_shared_query",
        rank: rank)
      guard let base, available >= bytes else { return nil }
      segments.append(base)
    }
    self.segments = segments
    CMPI_store_release(counter(of: rank), 0)
    try communicator.barrier()
  }

  func segment(of rank: Int) -> UnsafeMutableRawPointer { segments[rank] + Self.counterBytes }

  func synchronize() throws(CommunicationError) {
    meetings += 1
    CMPI_store_release(counter(of: rank), meetings)
    for other in segments.indices where other != rank {
      // A pause of the processor's takes 10 to 50 nanoseconds.
      var backoff = Backoff(spins: 2000)
      while CMPI_load_acquire(counter(of: other)) < meetings {
        CMPI_relax()
        backoff.pause()
      }
    }
  }

  private func counter(of rank: Int) -> UnsafeMutablePointer<UInt64> {
    segments[rank].assumingMemoryBound(to: UInt64.self)
  }
}
