import Glibc
package import Platform
import Reporting

/// What a command was asked to write and cannot.
package struct OutputError: ReportedError, Equatable, CustomStringConvertible {
  /// An output is created with the first of these, and given its bytes with the others.
  private static let creating = ["open", "mkdir", "rename"]

  private let path: String
  private let option: String
  private let operation: String
  private let code: Int32

  /// - Parameter option: where the path was given.
  init(_ path: String, option: String = "--output", operation: String, errno code: Int32) {
    self.path = path
    self.option = option
    self.operation = operation
    self.code = code
  }

  /// The same failure as `error`, said of the output that was asked for, whichever file of it is concerned;
  /// other errors as they are.
  static func naming(_ path: String, option: String = "--output", in error: any Error) -> any Error {
    guard case ReportingError.cannotWrite(_, let operation, let code) = error else { return error }
    return OutputError(path, option: option, operation: operation, errno: code)
  }

  /// Writes the output `path`.
  /// - Throws: ``OutputError`` for a file that cannot be written, and what else `write` throws.
  static func writing(_ path: String, option: String = "--output", _ write: () throws -> Void) throws {
    do {
      guard !path.isEmpty, !path.utf8.contains(0) else {
        throw OutputError(path, option: option, operation: "open", errno: ENOENT)
      }
      try write()
    } catch {
      throw naming(path, option: option, in: error)
    }
  }

  /// Makes the folder `path` and those above it that are missing, for the output `output`. False if it is
  /// there already.
  /// - Throws: ``OutputError``.
  static func makeFolder(
    _ path: String, for output: String, option: String = "--output"
  ) throws(OutputError) -> Bool {
    switch Files.makeFolders(path) {
    case .new: return true
    case .there: return false
    case .failed(let code): throw OutputError(output, option: option, operation: "mkdir", errno: code)
    }
  }

  /// How a process ends for it.
  package var exitStatus: ExitStatus { Self.creating.contains(operation) ? .cannotCreate : .inputOutput }

  /// `what, where; what to do next`.
  package var description: String {
    let what = exitStatus == .cannotCreate ? "the output cannot be created" : "the output cannot be written"
    return "\(what), \(path.shortened) (\(operation): \(String(cString: strerror(code)))); \(advice)"
  }

  private var advice: String {
    switch code {
    case ENOSPC, EDQUOT: "free some space on that file system, or choose another \(option)"
    case EACCES, EPERM, EROFS: "choose another \(option), which this user may write to"
    case ENOENT: path.isEmpty ? "give \(option) a name" : "make its folder first, or choose another \(option)"
    case EISDIR: "name a file with \(option), not a folder"
    default: "choose another \(option)"
    }
  }
}
