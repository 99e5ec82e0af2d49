import Glibc
import Platform

/// Names of TensorBoard event files: `events.out.tfevents.<seconds since 1970>.<host>.<pid>.v2`. TensorBoard
/// reads the files of a folder in the order of their names.
enum EventFileName {
  private static let prefix = "events.out.tfevents."

  /// A name that sorts behind every event file in `folder`, also if the clock has been set back since or the
  /// second is the same.
  static func next(
    in folder: String, wallTime: Double, host: String, process: Int32
  ) throws(ReportingError) -> String {
    var second = wallTime.isFinite && wallTime > 0 && wallTime < 9e9 ? Int(wallTime) : 0
    for name in try names(in: folder) {
      if let earlier = self.second(of: name) { second = max(second, earlier + 1) }
    }
    return "\(prefix)\(Digits.padded(second, to: 10)).\(sanitized(host)).\(process).v2"
  }

  private static func second(of name: String) -> Int? {
    guard name.hasPrefix(prefix) else { return nil }
    // Ten digits at most: no name can push the clock out of range.
    let digits = name.dropFirst(prefix.count).prefix { $0.isASCII && $0.isNumber }
    return digits.count <= 10 ? Int(digits) : nil
  }

  /// Host names are not trusted with a path: letters, digits, `-` and `_` stay.
  private static func sanitized(_ host: String) -> String {
    let safe = host.prefix(64).map { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-") ? $0 : "_" }
    return safe.isEmpty ? "localhost" : String(safe)
  }

  private static func names(in folder: String) throws(ReportingError) -> [String] {
    guard let entries = DirectoryEntry.entries(of: folder) else {
      throw .cannotRead(path: folder, operation: "opendir", errno: errno)
    }
    return entries.map(\.text)
  }
}
