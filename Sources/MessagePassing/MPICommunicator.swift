import CMPI
import Platform

/// All ranks of a ``World`` under a launcher, on a communicator of their own.
///
/// None of its operations blocks inside MPI: each is posted without blocking and then tested, with a growing
/// pause between the tests. (Memory that a node shares is made by calls that do block, before training.) Each
/// collective is one all-gather of a fixed record that says what the rank entered, with its contribution if
/// that is small; longer ones follow.
public final class MPICommunicator: Communicator {
  /// This process's number, `0 ..< size`.
  public let rank: Int
  /// The number of ranks.
  public let size: Int
  /// What `MPI_Get_processor_name` says.
  public let processorName: String
  /// Longer messages are sent in parts of so many bytes, because MPI counts with 32 bits.
  package var partLimit = 1 << 30
  let handle: MPI_Comm
  private var sharedMemory: MPINodeMemory??

  init(duplicating parent: MPI_Comm) throws(CommunicationError) {
    var duplicate: MPI_Comm? = nil
    try MPILibrary.check(MPI_Comm_dup(parent, &duplicate), "MPI_Comm_dup", rank: nil)
    let handle = duplicate!
    try MPILibrary.check(
      MPI_Comm_set_errhandler(handle, CMPI_ERRORS_RETURN()), "MPI_Comm_set_errhandler", rank: nil)
    var rank: Int32 = 0
    var size: Int32 = 0
    try MPILibrary.check(MPI_Comm_rank(handle, &rank), "MPI_Comm_rank", rank: nil)
    try MPILibrary.check(MPI_Comm_size(handle, &size), "MPI_Comm_size", rank: Int(rank))
    self.handle = handle
    self.rank = Int(rank)
    self.size = Int(size)
    processorName = withUnsafeTemporaryAllocation(of: CChar.self, capacity: 4096) { buffer in
      var length: Int32 = 0
      guard MPI_Get_processor_name(buffer.baseAddress, &length) == MPI_SUCCESS else {
        return Host.name ?? "localhost"
      }
      buffer[Int(length)] = 0
      return String(cString: buffer.baseAddress!)
    }
  }

  /// A window of shared memory, where a node has several ranks.
  public func nodeMemory() throws(CommunicationError) -> (any NodeMemory)? {
    if let sharedMemory { return sharedMemory }
    let memory = try MPINodeMemory(self)
    sharedMemory = .some(memory)
    return memory
  }

  /// Tests the requests until all are done. On return `statuses` is filled, if given.
  /// - Parameter expected: the bytes of each message to receive; these are the first requests.
  func wait(
    for requests: inout [MPI_Request?], statuses: UnsafeMutablePointer<MPI_Status>?, expected: [Int] = [],
    backoff: Backoff = .forRequests(), call: @autoclosure () -> String
  ) throws(CommunicationError) {
    var isDone: Int32 = 0
    var backoff = backoff
    while true {
      let code = MPI_Testall(Int32(requests.count), &requests, &isDone, statuses)
      if code == MPI_ERR_IN_STATUS, let statuses {
        for index in requests.indices where statuses[index].MPI_ERROR != MPI_ERR_PENDING {
          // A message that is longer than its room.
          if index < expected.count, statuses[index].MPI_ERROR == MPI_ERR_TRUNCATE {
            try verify(statuses[index], expected: expected[index])
          }
          try MPILibrary.check(statuses[index].MPI_ERROR, call(), rank: rank)
        }
      }
      try MPILibrary.check(code, call(), rank: rank)
      if isDone != 0 { return }
      backoff.pause()
    }
  }

  /// Throws unless a message that came has so many bytes.
  func verify(_ status: MPI_Status, expected: Int) throws(CommunicationError) {
    var status = status
    var received: Int32 = 0
    MPI_Get_count(&status, CMPI_BYTE(), &received)
    guard Int(received) == expected else {
      throw .messageSize(
        source: Int(status.MPI_SOURCE), destination: rank, tag: Int(status.MPI_TAG), sent: Int(received),
        expected: expected)
    }
  }
}
