import CMPI
import Glibc

/// The time between `MPI_Init_thread` and `MPI_Finalize`. There is one in the life of a process.
///
/// A session that is dropped without ``finalize()``, because an error was thrown, does not finalize: the
/// other ranks may wait for ever in there. The process should then end with ``abort(code:)`` or an exit
/// status other than zero, on which the launcher ends the other ranks.
public struct MPISession: ~Copyable, Sendable {
  /// Initialises MPI for one thread at a time, which need not be the calling one.
  ///
  /// All ranks must take part. Errors of MPI are returned from here on, not fatal.
  public init() throws(CommunicationError) {
    var provided: Int32 = 0
    let required = Int32(MPI_THREAD_SERIALIZED)
    try MPILibrary.check(MPI_Init_thread(nil, nil, required, &provided), "MPI_Init_thread", rank: nil)
    guard provided >= required else {
      throw .unsupported(
        call: "MPI_Init_thread",
        text: "the library offers no MPI_THREAD_SERIALIZED; use one that was built with thread support")
    }
    try MPILibrary.check(
      MPI_Comm_set_errhandler(CMPI_COMM_WORLD(), CMPI_ERRORS_RETURN()), "MPI_Comm_set_errhandler", rank: nil)
  }

  /// The number of ranks that found each other.
  public var size: Int {
    var size: Int32 = 0
    MPI_Comm_size(CMPI_COMM_WORLD(), &size)
    return Int(size)
  }

  /// A communicator over all ranks, apart from every other one. All ranks must take part.
  public func makeCommunicator() throws(CommunicationError) -> sending MPICommunicator {
    try MPICommunicator(duplicating: CMPI_COMM_WORLD())
  }

  /// Ends MPI. All ranks must take part, on the thread that made the session, after the last communication.
  public consuming func finalize() throws(CommunicationError) {
    try MPILibrary.check(MPI_Finalize(), "MPI_Finalize", rank: nil)
  }

  /// Ends this process and, where MPI is up, all other ranks with it; the launcher exits with `code`.
  ///
  /// To be called on the thread that communicates. A watchdog that finds this thread stuck calls `_exit`
  /// instead, on which the launcher ends the other ranks as well.
  public static func abort(code: Int32) -> Never {
    var isUp: Int32 = 0
    var isOver: Int32 = 0
    MPI_Initialized(&isUp)
    MPI_Finalized(&isOver)
    if isUp != 0 && isOver == 0 {
      MPI_Abort(CMPI_COMM_WORLD(), code)
    }
    exit(code)
  }
}
