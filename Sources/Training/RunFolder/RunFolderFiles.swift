import Glibc
import Platform
import Reporting

/// What a run folder asks of the file system.
enum RunFolderFiles {
  /// Refuses paths that no system call can take.
  static func check(_ path: String) throws(RunFolderError) {
    guard path.isEmpty || path.utf8.contains(0) else { return }
    throw RunFolderError(
      .notWritable, "a run folder's name is empty or holds a NUL", path.isEmpty ? "''" : path,
      "choose another --run")
  }

  /// Makes a folder, and those above it that are missing, so that a power cut leaves their names, as it does
  /// what is saved in them. False if there is a folder of that name already.
  static func makeDirectory(_ path: String) throws(RunFolderError) -> Bool {
    switch Files.makeFolders(path, isDurable: true) {
    case .new: return true
    case .there: return false
    case .failed(let code):
      throw RunFolderError(
        "the run folder cannot be created", path, code: code, advice: "choose another --run")
    }
  }

  /// The names in a folder, in no order, or `nil` if there is no such folder.
  static func entries(of path: String) throws(RunFolderError) -> [String]? {
    guard let entries = DirectoryEntry.entries(of: path) else {
      let code = errno
      if code == ENOENT { return nil }
      throw RunFolderError(
        "the run folder cannot be listed", path, code: code, advice: "choose another --run")
    }
    return entries.map(\.text)
  }

  static func exists(_ path: String) -> Bool {
    var status = stat()
    return lstat(path, &status) == 0
  }

  /// Replaces a file: whoever dies when, the old one or the new one is there, whole.
  static func replace(_ name: String, in folder: String, with text: String) throws(RunFolderError) {
    do throws(ReportingError) {
      try AtomicFile.write(Array(text.utf8), to: "\(folder)/\(name)", durable: true)
    } catch {
      guard case .cannotWrite(let path, _, let code) = error else {
        preconditionFailure("a write fails to write")
      }
      throw RunFolderError(
        "a file of the run cannot be written", path, code: code,
        advice: "free some space or make the folder writable, or choose another --run")
    }
  }
}
