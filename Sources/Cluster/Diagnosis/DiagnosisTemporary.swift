import Glibc
import Platform
import Training

/// What there is to know of a folder for temporary files, in which Open MPI keeps its session: without it no
/// rank begins.
package struct TemporaryFolderFacts: Sendable, Equatable {
  /// The folder.
  package var path: String
  /// Why no file can be made there, in the system's words; nil where one can be.
  package var refusal: String?
  /// Bytes that are free there, `Int.max` for no limit; nil where the system does not say.
  package var free: Int?

  package init(path: String, refusal: String? = nil, free: Int?) {
    (self.path, self.refusal, self.free) = (path, refusal, free)
  }

  /// Makes a file in this host's and removes it.
  package static func probe() -> TemporaryFolderFacts {
    // In the order in which Open MPI looks for it.
    let path =
      ["TMPDIR", "TEMP", "TMP"].compactMap(Files.environment).first { !$0.isEmpty } ?? "/tmp"
    var facts = TemporaryFolderFacts(path: path, free: Files.free(path))
    var name = Array("\(path)/\(RunFolder.doctorsMark)XXXXXX".utf8CString)
    let descriptor = mkstemp(&name)
    if descriptor >= 0 {
      close(descriptor)
      unlink(name)
    } else {
      facts.refusal = String(cString: strerror(errno))
    }
    return facts
  }

  /// Bytes that Open MPI finds room in for its session, with much to spare.
  private static let sessionRoom = 4 << 20

  /// The verdict.
  func check(_ name: String) -> DiagnosisCheck {
    let room = free.map { $0 == .max ? "" : ", \(ByteCount.text($0)) free" } ?? ""
    if refusal == String(cString: strerror(ENOENT)) {
      return .fail(
        name, "\(path) is not there", "make it: mkdir -p \(ShellWord.typed(path)); or set TMPDIR to another")
    }
    let advice =
      "free some space there and make it writable: lockstep and Open MPI put files there; or set TMPDIR to another"
    if let refusal { return .fail(name, "\(path) cannot be written: \(refusal)\(room)", advice) }
    return free ?? .max < Self.sessionRoom
      ? .fail(name, "\(path)\(room)", advice) : .ok(name, "\(path)\(room)")
  }
}
