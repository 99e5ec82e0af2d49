/// The exit codes of the command line, those of `sysexits.h` where they fit; 79 follows on its last.
public enum ExitStatus: Int32, Sendable {
  /// Everything was done.
  case done = 0
  /// Something unforeseen.
  case unexpected = 1
  /// The command line makes no sense.
  case usage = 64
  /// Data or a checkpoint are damaged or unsuitable.
  case badData = 65
  /// A file or folder that was named is not there.
  case inputMissing = 66
  /// Another rank is lost or stalled.
  case peerLost = 69
  /// An output cannot be created or locked.
  case cannotCreate = 73
  /// Reading or writing failed.
  case inputOutput = 74
  /// Stopped early, saved: run me again with --resume.
  case stopped = 75
  /// The ranks disagree.
  case disagreement = 76
  /// The configuration is wrong.
  case configuration = 78
  /// Training collapsed or diverged: the same again ends the same.
  case diverged = 79

  /// What an error ends the program with.
  package init(of error: any Error) {
    self = (error as? any ReportedError)?.exitStatus ?? .unexpected
  }
}

/// An error that a room tells the user of, and that the program ends with.
package protocol ReportedError: Error {
  /// How the program ends for it.
  var exitStatus: ExitStatus { get }
  /// What is printed: a line for each problem, `what, where; what to do next`.
  var lines: [String] { get }
}

extension ReportedError {
  package var lines: [String] { ["\(self)"] }
}
