import Glibc
import Platform

/// What can go wrong while a run reports on itself. Each description is one line that names the file and says
/// what to do next; text that came from outside is printed with its control characters escaped.
public enum ReportingError: Error, Equatable, CustomStringConvertible {
  /// A system call failed while a file was being written.
  case cannotWrite(path: String, operation: String, errno: Int32)
  /// A system call failed while a file was being read.
  case cannotRead(path: String, operation: String, errno: Int32)
  /// libpng would not encode a picture.
  case cannotEncode(width: Int, height: Int, reason: String)
  /// A new log was asked for where one with lines in it lies.
  case logExists(path: String)
  /// A line before the last of a log is not what this program writes.
  case malformedLog(path: String, line: Int, reason: String)

  /// `what, where; what to do next`.
  public var description: String {
    switch self {
    case .cannotWrite(let path, let operation, let code):
      "cannot write, \(Self.place(path, operation, code)); \(Self.advice(for: code))"
    case .cannotRead(let path, let operation, let code):
      "cannot read, \(Self.place(path, operation, code)); \(Self.advice(for: code))"
    case .cannotEncode(let width, let height, let reason):
      "cannot encode a PNG of \(width) x \(height) pixels (\(TerminalText.escaped(reason))); "
        + "ask for fewer or smaller samples"
    case .logExists(let path):
      "the log already has lines, \(TerminalText.escaped(path)); resume that run or choose another run folder"
    case .malformedLog(let path, let line, let reason):
      "the log is damaged, \(TerminalText.escaped(path)) line \(line) (\(TerminalText.escaped(reason))); "
        + "move the file away and resume to begin a new one"
    }
  }

  private static func place(_ path: String, _ operation: String, _ code: Int32) -> String {
    "\(TerminalText.escaped(path)) (\(operation): \(String(cString: strerror(code))))"
  }

  private static func advice(for code: Int32) -> String {
    switch code {
    case ENOSPC, EDQUOT: "free some space on that file system, then resume"
    case EACCES, EPERM, EROFS: "choose a run folder that this user may write to"
    case ENOENT, ENOTDIR: "check that the run folder still exists"
    case ELOOP: "replace the symbolic link by a file or choose another run folder"
    case EMFILE, ENFILE: "raise the limit on open files (ulimit -n)"
    default: "check the file system, then resume"
    }
  }
}
