import Glibc
import Platform

/// What went wrong with a checkpoint: one line that names the place and what to do next.
public struct CheckpointError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The classes of failure that a caller acts on differently.
  public enum Kind: UInt8, Sendable {
    /// A file or folder cannot be made: no permission, a read-only file system, a missing parent.
    case cannotCreate
    /// The disk or the quota is full, or too little is free to begin.
    case noSpace
    /// The operating system failed to read, write, synchronise or rename.
    case inputOutput
    /// There is no such checkpoint.
    case notFound
    /// The bytes are not those that were written, or never were a checkpoint.
    case damaged
    /// A whole checkpoint whose tensors are not those that the model needs.
    case otherModel
    /// A whole checkpoint in a format that this program is too old to read.
    case newerFormat
  }

  /// A position in a file: as it lies on disk, or in its content once decompressed.
  public enum Offset: Equatable, Sendable {
    /// A byte of the file.
    case file(Int)
    /// A byte of the decompressed content.
    case content(Int)
  }

  /// What a caller may want to act on.
  public let kind: Kind
  /// What is wrong, without the place.
  public let problem: String
  /// The file or folder.
  public let path: String
  /// The tensor, where one is concerned.
  public let tensor: String?
  /// The first byte that is known to be concerned.
  public internal(set) var offset: Offset?
  /// What to do next, where that is not what failures of the kind are answered with.
  private var ownAdvice: String?

  package init(
    _ kind: Kind, _ problem: String, path: String, tensor: String? = nil, offset: Offset? = nil,
    advice: String? = nil
  ) {
    self.kind = kind
    self.problem = problem
    self.path = path
    self.tensor = tensor
    self.offset = offset
    ownAdvice = advice
  }

  /// The failure of a system call, with the text of `code`; a full disk and too many open files are told from
  /// other causes.
  package init(_ kind: Kind, call: String, path: String, code: Int32) {
    let kind = code == ENOSPC || code == EDQUOT ? .noSpace : kind
    let advice: String? =
      switch code {
      case EMFILE, ENFILE: "raise the limit on open files (ulimit -n)"
      case ENOENT where kind == .cannotCreate:
        "see whether the folder above it is still there and mounted, or choose another run folder"
      default: nil
      }
    self.init(kind, "cannot \(call): \(String(cString: strerror(code)))", path: path, advice: advice)
  }

  /// The same failure with other advice.
  package func advising(_ advice: String) -> CheckpointError {
    var error = self
    error.ownAdvice = advice
    return error
  }

  /// The same failure with other advice, unless it has advice of its own.
  func advisingByDefault(_ advice: String) -> CheckpointError {
    ownAdvice == nil ? advising(advice) : self
  }

  /// What to do next.
  public var advice: String {
    if let ownAdvice { return ownAdvice }
    return switch kind {
    case .cannotCreate: "make the folder writable or choose another run folder"
    case .noSpace: "free some space there; older checkpoints are untouched"
    case .inputOutput: "check the disk; older checkpoints are untouched"
    case .notFound: "name a run folder (one that holds options.yaml) or a checkpoint"
    case .damaged: "use an older checkpoint; resuming the run picks the newest whole one"
    case .otherModel: "use the recipe and the options that the checkpoint was written with"
    case .newerFormat: "read it with the program that wrote it, or a newer one"
    }
  }

  /// `what, where (tensor, offset); what to do next`, with control characters of untrusted names escaped.
  public var description: String {
    var details: [String] = []
    if let tensor { details.append("tensor \(tensor)") }
    switch offset {
    case .file(let byte): details.append("byte \(byte)")
    case .content(let byte): details.append("byte \(byte) of the decompressed content")
    case nil: break
    }
    let place = details.isEmpty ? path : "\(path) (\(details.joined(separator: ", ")))"
    return TerminalText.escaped("\(problem), \(place); \(advice)")
  }
}
