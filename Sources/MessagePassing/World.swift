/// The ranks that were started together: those of MPI under a launcher, else this process alone.
///
/// ```swift
/// let world = try World.join()
/// let thread = CommunicationThread(try world.makeCommunicator())
/// …
/// thread.finish()
/// try world.leave()
/// ```
public struct World: ~Copyable, Sendable {
  private let session: MPISession?

  /// Joins the others. Alone, this costs nothing: MPI is initialised only under a launcher.
  ///
  /// - Throws: ``CommunicationError/singletons(launched:joined:variable:)`` when the launcher started several
  ///   processes but MPI does not find them, which would make each of them train by itself.
  public static func join(
    _ environment: LaunchEnvironment = .current
  ) throws(CommunicationError) -> World {
    switch environment.launcher {
    case .none:
      return World(session: nil)
    case .slurmWithoutPMI:
      throw .singletons(launched: environment.size ?? 0, joined: 1, variable: environment.sizeVariable)
    default:
      let session = try MPISession()
      if let launched = environment.size, launched != session.size {
        throw .singletons(launched: launched, joined: session.size, variable: environment.sizeVariable)
      }
      return World(session: session)
    }
  }

  private init(session: consuming MPISession?) {
    self.session = session
  }

  /// Whether MPI carries the messages.
  public var usesMPI: Bool {
    switch session {
    case .some: true
    case .none: false
    }
  }

  /// A communicator over all ranks, which may be sent to another thread. All ranks must take part.
  public func makeCommunicator() throws(CommunicationError) -> sending any Communicator {
    switch session {
    case .some(let session): try session.makeCommunicator()
    case .none: SoloCommunicator()
    }
  }

  /// Ends the common work: all ranks take part, on the thread that joined, after the last communication.
  public consuming func leave() throws(CommunicationError) {
    try session?.finalize()
  }

  /// Ends all ranks with an exit code; see ``MPISession/abort(code:)``.
  public static func abort(code: Int32) -> Never {
    MPISession.abort(code: code)
  }
}
