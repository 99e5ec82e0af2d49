import CMPI
import CProcessor

/// A window of MPI-3 shared memory (`MPI_Win_allocate_shared`) on each node of a communicator.
///
/// Ranks meet by counters in the memory itself, in less than a microsecond where all of them run: no message
/// is sent.
final class MPINodeMemory: NodeMemory {
  let segmentBytes = MPICommunicator.segmentBytes
  let nodes: [[Int]]
  /// A cache line of its own in front of each segment, so that waiting for one rank does not slow down
  /// another.
  private static let counterBytes = 64

  let rank: Int
  /// The ranks of this node.
  let mates: [Int]
  unowned let communicator: MPICommunicator
  /// The segments of this node's ranks.
  private let segments: [Int: UnsafeMutableRawPointer]
  private let ownCounter: UnsafeMutablePointer<UInt64>
  private let otherCounters: [UnsafeMutablePointer<UInt64>]
  private var meetings: UInt64 = 0

  /// Shares memory on each node of `communicator`, all of whose ranks must take part; nil if no node has two,
  /// or if one got no memory.
  init?(_ communicator: MPICommunicator) throws(CommunicationError) {
    let rank = communicator.rank
    self.rank = rank
    self.communicator = communicator
    var node: MPI_Comm? = nil
    try MPILibrary.check(
      MPI_Comm_split_type(
        communicator.handle, Int32(MPI_COMM_TYPE_SHARED), Int32(rank), CMPI_INFO_NULL(), &node),
      "MPI_Comm_split_type", rank: rank)
    // A node is known by its first rank.
    var first = Int64(rank)
    try MPILibrary.check(MPI_Bcast(&first, 8, CMPI_BYTE(), 0, node), "MPI_Bcast", rank: rank)
    let firsts = try communicator.allGather(Int(first))
    nodes = firsts.indices.filter { firsts[$0] == $0 }.map { first in
      firsts.indices.filter { firsts[$0] == first }
    }
    guard nodes.count < communicator.size else {
      MPI_Comm_free(&node)
      return nil
    }
    var own: UnsafeMutableRawPointer? = nil
    var window: MPI_Win? = nil
    let bytes = segmentBytes + Self.counterBytes
    // Where there is no room the rank that makes the memory fails and the others of its node wait for it for
    // ever.
    let mates = nodes.first { $0.contains(rank) }!
    self.mates = mates
    // Without the folder Open MPI keeps it somewhere else.
    let room = MPILibrary.sharedMemoryRoom ?? .max
    guard try communicator.minimum(of: room >= (mates.count + 1) * bytes ? 1 : 0) == 1 else {
      MPI_Comm_free(&node)
      return nil
    }
    let code = MPI_Win_allocate_shared(bytes, 1, CMPI_INFO_NULL(), node, &own, &window)
    var segments: [Int: UnsafeMutableRawPointer] = [:]
    if code == MPI_SUCCESS, own != nil {
      // A window does not take the handler of its communicator.
      try MPILibrary.check(
        MPI_Win_set_errhandler(window, CMPI_ERRORS_RETURN()), "MPI_Win_set_errhandler", rank: rank)
      for (position, mate) in mates.enumerated() {
        var available: MPI_Aint = 0
        var unit: Int32 = 0
        var base: UnsafeMutableRawPointer? = nil
        try MPILibrary.check(
          MPI_Win_shared_query(window, Int32(position), &available, &unit, &base), "MPI_Win_shared_query",
          rank: rank)
        if available >= bytes { segments[mate] = base }
      }
    }
    let isShort = segments.count < mates.count
    if try communicator.maximum(of: isShort ? 1 : 0) == 1 { return nil }
    self.segments = segments
    func counter(of rank: Int) -> UnsafeMutablePointer<UInt64> {
      segments[rank]!.assumingMemoryBound(to: UInt64.self)
    }
    otherCounters = mates.filter { $0 != rank }.map(counter)
    ownCounter = counter(of: rank)
    CMPI_store_release(ownCounter, 0)
    try communicator.barrier()
  }

  func segment(of rank: Int) -> UnsafeMutableRawPointer {
    guard let segment = segments[rank] else { preconditionFailure("rank \(rank) runs on another node") }
    return segment + Self.counterBytes
  }

  func synchronize() throws(CommunicationError) {
    meetings += 1
    CMPI_store_release(ownCounter, meetings)
    for other in otherCounters {
      var backoff = Backoff.forMemory()
      while CMPI_load_acquire(other) < meetings {
        lockstep_pause()
        backoff.pause()
      }
    }
  }
}

extension MPICommunicator {
  /// Bytes of a rank's segment of a node's memory. 4 MiB: blocks that stay in the second-level cache, and
  /// little of what a container has in /dev/shm.
  package static let segmentBytes = 4 << 20
}
