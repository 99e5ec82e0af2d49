/// Why ranks could not talk to each other. The world is lost after any of these: the only thing left to do is
/// to report and leave.
public enum CommunicationError: Error, Sendable, Equatable {
  /// The MPI library reported an error; `text` is what `MPI_Error_string` says. Before a rank has its number,
  /// there is none.
  case mpi(call: String, rank: Int?, code: Int, text: String)
  /// The MPI library cannot do what is needed.
  case unsupported(call: String, text: String)
  /// Another rank's message is none of this program's.
  case otherProgram(call: String, rank: Int, other: Int)
  /// A message did not have the size that its receiver expected.
  case messageSize(source: Int, destination: Int, tag: Int, sent: Int, expected: Int)
  /// Two ranks entered different collective operations.
  case collectivesDiffer(rank: Int, entered: CollectiveHeader, reference: CollectiveHeader)
  /// The ranks wait for each other, or for one that has left; `waits` says who waits for what.
  case stalled(waits: String)
  /// The launcher started several processes but MPI joined fewer: they would train side by side, not
  /// together.
  case singletons(launched: Int, joined: Int, variable: String)
}

extension CommunicationError: CustomStringConvertible {
  /// One line: what, where; what to do next.
  public var description: String {
    switch self {
    case .mpi(let call, let rank, let code, let text):
      "\(call) failed\(rank.map { " on rank \($0)" } ?? "") with code \(code), \(text); resume from the last checkpoint"
    case .unsupported(let call, let text): "\(call) failed, \(text)"
    case .otherProgram(let call, let rank, let other):
      "\(call) on rank \(rank): rank \(other) runs another program; copy one program to every host"
    case .messageSize(let source, let destination, let tag, let sent, let expected):
      "message \(tag) from rank \(source) to rank \(destination) has \(sent) bytes instead of \(expected); "
        + "check that all ranks run the same program and recipe"
    case .collectivesDiffer(let rank, let entered, let reference):
      "rank \(rank) entered \(entered) while rank 0 entered \(reference); "
        + "check that all ranks run the same program and recipe"
    case .stalled(let waits):
      "no rank can go on: \(waits); look for the rank that left first"
    case .singletons(let launched, let joined, let variable):
      "\(variable) says that \(launched) processes were launched but MPI joined \(joined); "
        + "start with the mpirun of the MPI this program is linked to, or with srun --mpi=pmix"
    }
  }
}
