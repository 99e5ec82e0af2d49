import CMPI
import Glibc

/// The ranks that were started together: those of MPI under a launcher, else this process alone.
///
/// ```swift
/// let world = try World.join()
/// let thread = CommunicationThread(try world.makeCommunicator())
/// …
/// thread.finish()
/// try world.leave()
/// ```
///
/// A world that is dropped without ``leave()``, because an error was thrown, does not end MPI: the others may
/// wait for ever in there. The process should then end with ``abort(code:)`` or an exit status other than
/// zero, on which the launcher ends the other ranks.
public struct World: ~Copyable, Sendable {
  /// Whether MPI carries the messages.
  public let usesMPI: Bool

  /// Joins the others. Alone, this costs nothing: MPI is initialised only under a launcher, and once in the
  /// life of a process.
  ///
  /// - Throws: ``CommunicationError/singletons(launched:joined:variable:)`` when the launcher started several
  ///   processes but MPI does not find them, which would make each of them train by itself.
  public static func join(
    _ environment: LaunchEnvironment = .current
  ) throws(CommunicationError) -> World {
    switch environment.launcher {
    case .none:
      return World(usesMPI: false)
    case .slurmWithoutPMI:
      throw .singletons(launched: environment.size ?? 0, joined: 1, variable: environment.sizeVariable)
    default:
      let joined = try startMPI()
      if let launched = environment.size, launched != joined {
        throw .singletons(launched: launched, joined: joined, variable: environment.sizeVariable)
      }
      return World(usesMPI: true)
    }
  }

  private init(usesMPI: Bool) {
    self.usesMPI = usesMPI
  }

  /// Initialises MPI for one thread at a time, which need not be the calling one. Its errors are returned
  /// from here on, not fatal. All ranks must take part.
  /// - Returns: the number of ranks that found each other.
  private static func startMPI() throws(CommunicationError) -> Int {
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
    var size: Int32 = 0
    MPI_Comm_size(CMPI_COMM_WORLD(), &size)
    return Int(size)
  }

  /// A communicator over all ranks, apart from every other one, which may be sent to another thread. All must
  /// take part.
  public func makeCommunicator() throws(CommunicationError) -> sending any Communicator {
    if usesMPI { return try MPICommunicator(duplicating: CMPI_COMM_WORLD()) }
    return SoloCommunicator()
  }

  /// Ends the common work: all ranks take part, on the thread that joined, after the last communication.
  public consuming func leave() throws(CommunicationError) {
    if usesMPI { try MPILibrary.check(MPI_Finalize(), "MPI_Finalize", rank: nil) }
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
