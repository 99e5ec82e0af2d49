import Glibc
import Platform

/// An open folder. Names found in it are opened relative to it and never followed out of it: a link, a device
/// or a pipe in place of a file is an error.
struct Folder: ~Copyable {
  let path: String
  private let descriptor: Int32

  /// Opens the folder that a person named; that path may lead through links.
  init(_ path: String) throws(CheckpointError) {
    try self.init(path: path, open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC))
  }

  private init(path: String, _ descriptor: Int32) throws(CheckpointError) {
    guard descriptor >= 0 else { throw Self.failure(path: path, code: errno, isFolder: true) }
    self.path = path
    self.descriptor = descriptor
  }

  deinit {
    close(descriptor)
  }

  /// The names in the folder, in ascending order of their bytes.
  func names() throws(CheckpointError) -> [String] {
    let duplicate = openat(descriptor, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard let entries = DirectoryEntry.entries(of: duplicate) else {
      throw CheckpointError(.inputOutput, call: "list the folder", path: path, code: errno)
    }
    return entries.map(\.text).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }

  /// The names in the folder at `path`, in the same order; nil if there is no such folder.
  static func names(ifPresent path: String) throws(CheckpointError) -> [String]? {
    do throws(CheckpointError) {
      return try Folder(path).names()
    } catch {
      if error.kind == .notFound { return nil }
      throw error
    }
  }

  /// Whether its path still leads to this folder: not once it has been renamed, removed or replaced.
  var isInPlace: Bool {
    var (own, there) = (stat(), stat())
    return fstat(descriptor, &own) == 0 && stat(path, &there) == 0
      && (own.st_dev, own.st_ino) == (there.st_dev, there.st_ino)
  }

  /// Opens a folder within this one.
  func folder(_ name: String) throws(CheckpointError) -> Folder {
    try Folder(
      path: path + "/" + name, openat(descriptor, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC))
  }

  /// Opens a regular file within this folder.
  func file(_ name: String) throws(CheckpointError) -> InputFile {
    let path = path + "/" + name
    // Without O_NONBLOCK, opening a pipe would wait for its other end.
    let file = openat(descriptor, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
    guard file >= 0 else { throw Self.failure(path: path, code: errno, isFolder: false) }
    return try InputFile(path: path, descriptor: file)
  }

  private static func failure(path: String, code: Int32, isFolder: Bool) -> CheckpointError {
    switch code {
    case ENOENT:
      CheckpointError(.notFound, "there is no such \(isFolder ? "folder" : "file")", path: path)
    case ELOOP, ENOTDIR:
      CheckpointError(.damaged, isFolder ? "not a folder" : "a link instead of a file", path: path)
    default: CheckpointError(.inputOutput, call: "open", path: path, code: code)
    }
  }
}

/// A regular file that is being read from front to back.
struct InputFile: ~Copyable {
  let path: String
  /// The bytes in the file when it was opened.
  let size: Int
  private let descriptor: Int32

  /// Opens the file that a person named; that path may lead through links.
  init(path: String) throws(CheckpointError) {
    guard !path.isEmpty, !path.utf8.contains(0) else {
      throw CheckpointError(.notFound, "no file has such a name", path: path, advice: "check the path")
    }
    let descriptor = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
    guard descriptor >= 0 else {
      let code = errno
      if code == ENOENT || code == ENOTDIR {
        throw CheckpointError(.notFound, "there is no such file", path: path, advice: "check the path")
      }
      throw CheckpointError(.inputOutput, call: "open", path: path, code: code)
    }
    try self.init(path: path, descriptor: descriptor)
  }

  fileprivate init(path: String, descriptor: Int32) throws(CheckpointError) {
    self.path = path
    self.descriptor = descriptor
    var status = stat()
    let result = fstat(descriptor, &status)
    size = Int(status.st_size)
    guard result == 0, status.st_mode & S_IFMT == S_IFREG else {
      throw CheckpointError(.damaged, "not a regular file", path: path)
    }
  }

  deinit {
    close(descriptor)
  }

  /// Hands `body` the rest of the file in pieces of up to a mebibyte.
  func forEachPiece(
    _ body: (UnsafeRawBufferPointer) throws(CheckpointError) -> Void
  ) throws(CheckpointError) {
    let buffer = UnsafeMutableRawBufferPointer.allocate(
      byteCount: min(1 << 20, max(size, 4096)), alignment: 64)
    defer { buffer.deallocate() }
    while true {
      let count = retrying { read(descriptor, buffer.baseAddress, buffer.count) }
      guard count >= 0 else { throw CheckpointError(.inputOutput, call: "read", path: path, code: errno) }
      if count == 0 { return }
      try body(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
    }
  }

  /// The rest of the file.
  /// - Throws: ``CheckpointError`` of kind `damaged` if it is longer than `limit`.
  func contents(limit: Int) throws(CheckpointError) -> [UInt8] {
    var bytes: [UInt8] = []
    try forEachPiece { (piece) throws(CheckpointError) in
      guard bytes.count + piece.count <= limit else {
        throw CheckpointError(.damaged, "longer than \(limit) bytes", path: path, offset: .file(limit))
      }
      bytes.append(contentsOf: piece)
    }
    return bytes
  }
}
