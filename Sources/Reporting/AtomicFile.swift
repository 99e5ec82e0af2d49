import Glibc
import Platform
import Synchronization

/// Whole files that appear at once: a reader, and a run that is killed, finds the old bytes or the new ones.
package enum AtomicFile {
  /// Replaces or makes the file at `path`, through a temporary file beside it and `rename(2)`. A link is
  /// followed, also to a file that is not there yet; a device or a pipe is written to.
  ///
  /// - Parameter durable: also wait until the file and its name are on the storage device, so that a power
  ///   cut leaves the old bytes or the new ones too.
  /// - Throws: ``ReportingError/cannotWrite(path:operation:errno:)``.
  package static func write(
    _ bytes: [UInt8], to path: String, durable: Bool, calls: FileCalls = FileCalls()
  ) throws(ReportingError) {
    var status = stat()
    if stat(path, &status) == 0, status.st_mode & S_IFMT != S_IFREG { return try overwrite(path, bytes) }
    let path = behindLinks(path)
    let (temporary, descriptor) = try openTemporary(for: path)
    var failure = calls.write(bytes, descriptor).map { (operation: "write", code: $0) }
    if failure == nil, durable, retrying({ calls.synchronize(descriptor) }) != 0 {
      failure = ("fsync", errno)
    }
    if close(descriptor) != 0, failure == nil { failure = ("close", errno) }
    if failure == nil, rename(temporary, path) != 0 { failure = ("rename", errno) }
    if let failure {
      unlink(temporary)
      throw .cannotWrite(path: path, operation: failure.operation, errno: failure.code)
    }
    if durable { try synchronizeFolder(of: path, calls: calls) }
  }

  private static let mark = ".tmp-"
  private static let written = Atomic<Int>(0)
  /// Processes of several containers may have one number.
  private static let process = "\((Host.name ?? "localhost").filter { $0 != "/" })-\(getpid())"

  /// A new file beside `path`, under a name that nobody else writes to.
  private static func openTemporary(
    for path: String
  ) throws(ReportingError) -> (path: String, descriptor: Int32) {
    while true {
      let number = written.add(1, ordering: .relaxed).newValue
      let temporary = "\(path)\(mark)\(process)-\(number)"
      let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o644)
      if descriptor >= 0 { return (temporary, descriptor) }
      // One that a process of this number has left.
      guard errno == EEXIST else { throw .cannotWrite(path: path, operation: "open", errno: errno) }
    }
  }

  /// The file that `path` leads to if it is a link itself, or a link to one. Links above it do not matter.
  private static func behindLinks(_ path: String) -> String {
    var path = path
    // As many as the system follows.
    for _ in 0..<40 {
      var bytes = [CChar](repeating: 0, count: Int(PATH_MAX))
      let count = readlink(path, &bytes, bytes.count)
      guard count > 0, let target = String(validating: bytes[..<count], as: UTF8.self) else { break }
      let end = path.utf8.lastIndex(of: UInt8(ascii: "/"))
      path = target.hasPrefix("/") ? target : (end.map { path[...$0] } ?? "") + target
    }
    return path
  }

  /// Writes to what is no regular file and must not become one.
  private static func overwrite(_ path: String, _ bytes: [UInt8]) throws(ReportingError) {
    let descriptor = open(path, O_WRONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw .cannotWrite(path: path, operation: "open", errno: errno) }
    defer { close(descriptor) }
    if let code = writeAll(bytes, to: descriptor) {
      throw .cannotWrite(path: path, operation: "write", errno: code)
    }
  }

  /// Whether `name` is what a process leaves that is killed as it writes the file `target`.
  package static func isTemporary(_ name: String, of target: String) -> Bool { name.hasPrefix(target + mark) }

  /// Removes what processes have left in `folder` that were killed as they wrote files there. To be called by
  /// the one process that writes there; what cannot be removed stays.
  package static func removeLeftovers(in folder: String) {
    for name in (DirectoryEntry.entries(of: folder) ?? []).map(\.text) where isTemporary(name) {
      unlink("\(folder)/\(name)")
    }
  }

  /// Whether `name` is one that ``openTemporary(for:)`` gives, of any file.
  private static func isTemporary(_ name: String) -> Bool {
    let parts = name.split(separator: mark, omittingEmptySubsequences: false)
    guard parts.count > 1, !parts[0].isEmpty else { return false }
    let words = parts[parts.count - 1].split(separator: "-", omittingEmptySubsequences: false)
    return words.count > 2
      && words.suffix(2).allSatisfy { !$0.isEmpty && $0.utf8.allSatisfy { (0x30...0x39).contains($0) } }
  }

  /// Makes a name durable that was made or changed in the folder above `path`.
  /// - Throws: ``ReportingError/cannotWrite(path:operation:errno:)``.
  package static func synchronizeFolder(
    of path: String, calls: FileCalls = FileCalls()
  ) throws(ReportingError) {
    let end = path.lastIndex(of: "/")
    let folder = end.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
    if let failure = Files.synchronize(folder: folder, fsync: calls.synchronize) {
      throw .cannotWrite(path: folder, operation: failure.call.rawValue, errno: failure.code)
    }
  }

  /// All bytes of the file at `path`, or nil if there is none.
  static func read(_ path: String) throws(ReportingError) -> [UInt8]? {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else {
      if errno == ENOENT { return nil }
      throw .cannotRead(path: path, operation: "open", errno: errno)
    }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else {
      throw .cannotRead(path: path, operation: "fstat", errno: errno)
    }
    guard status.st_mode & S_IFMT == S_IFREG else {
      throw .cannotRead(path: path, operation: "open as a regular file", errno: EINVAL)
    }
    var failure: Int32?
    let bytes = [UInt8](unsafeUninitializedCapacity: Int(status.st_size)) { buffer, filled in
      while filled < buffer.count {
        let count = retrying {
          Glibc.read(descriptor, buffer.baseAddress! + filled, buffer.count - filled)
        }
        if count < 0 { failure = errno }
        if count <= 0 { return }
        filled += count
      }
    }
    if let failure { throw .cannotRead(path: path, operation: "read", errno: failure) }
    return bytes
  }
}
