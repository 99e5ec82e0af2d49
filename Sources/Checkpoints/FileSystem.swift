import Glibc
import Platform

/// An operation that changes what is on disk, as a save performs them one after another.
package enum FileOperation {
  case makeFolder(String)
  case createFile(String)
  case write(String, UnsafeRawBufferPointer)
  case synchronizeFile(String)
  case synchronizeFolder(String)
  case rename(from: String, to: String)
  case removeFile(String)
  case removeFolder(String)
}

/// The calls to the operating system that a save is made of. Each is announced to a hook first, so that a
/// test can fail or stop a save at every point, or record what was made durable when.
package struct FileSystem: Sendable {
  /// Called before each operation; what it throws is thrown in the operation's place.
  package var willPerform: @Sendable (FileOperation) throws(CheckpointError) -> Void = { _ in }
  /// Called while a save goes on, by the thread that writes: before each operation, and for each piece that
  /// is read back.
  package var noteProgress: @Sendable () -> Void = {}
  /// The bytes that an unprivileged process may still write under a folder.
  package var availableBytes: @Sendable (String) throws(CheckpointError) -> Int = Self.freeBytes

  package init() {}

  func announce(_ operation: FileOperation) throws(CheckpointError) {
    noteProgress()
    try willPerform(operation)
  }

  func makeFolder(_ path: String) throws(CheckpointError) {
    try announce(.makeFolder(path))
    guard mkdir(path, 0o777) == 0 else { throw failure("make the folder", path, .cannotCreate) }
  }

  /// A new file; one that exists, or a link in its place, is an error.
  func createFile(_ path: String) throws(CheckpointError) -> OutputFile {
    try announce(.createFile(path))
    let descriptor = retrying { open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o666) }
    guard descriptor >= 0 else { throw failure("create the file", path, .cannotCreate) }
    return OutputFile(path: path, descriptor: descriptor, fileSystem: self)
  }

  /// Makes the names within a folder durable.
  func synchronizeFolder(_ path: String) throws(CheckpointError) {
    try announce(.synchronizeFolder(path))
    if let (call, code) = Files.synchronize(folder: path) {
      let words = call == .open ? "open the folder" : "synchronise the folder"
      throw CheckpointError(.inputOutput, call: words, path: path, code: code)
    }
  }

  func rename(_ path: String, to newPath: String) throws(CheckpointError) {
    try announce(.rename(from: path, to: newPath))
    guard Glibc.rename(path, newPath) == 0 else { throw failure("rename to \(newPath)", path) }
  }

  /// Removes a file, a link or a folder with all that is in it; links are not followed. Nothing there is no
  /// error.
  package func removeTree(_ path: String) throws(CheckpointError) {
    var status = stat()
    guard lstat(path, &status) == 0 else {
      if errno == ENOENT { return }
      throw failure("look at", path)
    }
    if status.st_mode & S_IFMT == S_IFDIR {
      for name in try Folder.names(ifPresent: path) ?? [] { try removeTree(path + "/" + name) }
      try announce(.removeFolder(path))
      guard rmdir(path) == 0 || errno == ENOENT else { throw failure("remove the folder", path) }
    } else {
      try announce(.removeFile(path))
      guard unlink(path) == 0 || errno == ENOENT else { throw failure("remove the file", path) }
    }
  }

  private static func freeBytes(at path: String) throws(CheckpointError) -> Int {
    var status = statvfs()
    guard statvfs(path, &status) == 0 else {
      throw CheckpointError(.inputOutput, call: "ask for free space", path: path, code: errno)
    }
    return status.freeBytes
  }
}

/// A file that is being written. Closing it without ``synchronize()`` promises nothing about its content.
struct OutputFile: ~Copyable {
  let path: String
  fileprivate let descriptor: Int32
  fileprivate let fileSystem: FileSystem

  deinit {
    close(descriptor)
  }

  func write(_ bytes: UnsafeRawBufferPointer) throws(CheckpointError) {
    try fileSystem.announce(.write(path, bytes))
    if let code = writeAll(bytes, to: descriptor) {
      throw CheckpointError(.inputOutput, call: "write", path: path, code: code)
    }
  }

  func write(_ bytes: [UInt8]) throws(CheckpointError) {
    try bytes.withRawBytes { bytes throws(CheckpointError) in try write(bytes) }
  }

  /// Makes the content durable.
  func synchronize() throws(CheckpointError) {
    try fileSystem.announce(.synchronizeFile(path))
    guard retrying({ fsync(descriptor) }) == 0 else { throw failure("synchronise", path) }
  }
}

private func failure(
  _ call: String, _ path: String, _ kind: CheckpointError.Kind = .inputOutput
) -> CheckpointError {
  CheckpointError(kind, call: call, path: path, code: errno)
}
