import Glibc
public import Platform

/// A run folder that cannot be used.
public struct RunFolderError: ReportedError, Sendable, Equatable, CustomStringConvertible {
  /// Why it cannot be used.
  public enum Kind: Sendable, Equatable {
    /// It holds a run or other files, and no run was to be resumed.
    case occupied
    /// Another process writes to it.
    case locked
    /// It, or something in it, cannot be created or written.
    case notWritable
    /// The run in it was begun with other options.
    case differentRecipe
    /// The run in it has done more steps than are asked for, or was made by other arithmetic.
    case cannotGoOn
    /// It holds no run.
    case nothingToResume
    /// It holds several runs, and none was named.
    case ambiguous
    /// It holds a run whose options cannot be read.
    case damaged
  }

  /// Why it cannot be used.
  public let kind: Kind
  package let what: String
  private let place: String
  private let advice: String

  init(_ kind: Kind, _ what: String, _ path: String, _ advice: String) {
    self.kind = kind
    self.what = what
    place = path.shortened
    self.advice = advice
  }

  /// A system call that failed with `code`. Names the user, because most often it is a matter of rights.
  init(_ what: String, _ path: String, code: Int32, advice: String) {
    kind = .notWritable
    self.what = "\(what): \(String(cString: strerror(code))) (errno \(code))"
    place = "\(path.shortened), uid \(geteuid())"
    self.advice = advice
  }

  /// How the program ends for it.
  public var exitStatus: ExitStatus {
    switch kind {
    case .ambiguous: .usage
    case .occupied, .locked, .notWritable: .cannotCreate
    case .differentRecipe, .cannotGoOn: .configuration
    case .nothingToResume: .inputMissing
    case .damaged: .badData
    }
  }

  /// One line: `what, where; what to do next`.
  public var description: String {
    "\(what), \(place); \(advice)"
  }
}
