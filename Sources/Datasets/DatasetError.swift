/// Why data cannot be opened or read, in one line: what, where (file, byte or sample); what to do next.
public struct DatasetError: Error, Hashable, Sendable, CustomStringConvertible {
  /// What kind of fault it is; the command line maps it to an exit code.
  public enum Kind: Hashable, Sendable {
    /// The content is damaged, inconsistent or of an unknown format.
    case badData
    /// There is no such file or folder.
    case missing
    /// The system refuses to read it.
    case unreadable
    /// The data are sound but cannot be delivered in the form asked for.
    case unsuitable
    /// Somebody wished to stop; see ``Reading``.
    case stopped
  }

  /// What kind of fault it is.
  public let kind: Kind
  /// What is wrong.
  package let problem: String
  /// The file, and where in it.
  package let place: String
  /// What to do next.
  package let advice: String

  /// One line, free of control characters.
  public var description: String { "\(problem) (\(place)); \(advice)" }

  package init(_ kind: Kind, _ what: String, _ place: String, _ advice: String) {
    self.kind = kind
    problem = what
    self.place = place
    self.advice = advice
  }

  /// The same, of samples with the command that finds all that are bad, where only the first is told.
  package func advisingCheck(ofPairs arePairs: Bool) -> DatasetError {
    guard kind == .badData || kind == .unreadable else { return self }
    return advising("`lockstep data check --any-size\(arePairs ? " --pairs" : "")` lists every bad sample")
  }

  /// The same with more to do.
  package func advising(_ more: String) -> DatasetError {
    DatasetError(kind, problem, place, "\(advice); \(more)")
  }
}
