import Glibc

/// Questions to the operating system.
package enum Files {
  package static func isFolder(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }

  /// The folder that is there and that `path` would come to lie in.
  /// - Parameter passingFiles: whether what is there and is no folder is passed over; otherwise it is what is
  ///   returned.
  package static func nearestFolder(_ path: String, passingFiles: Bool = true) -> String {
    var folder = path[...]
    while !folder.isEmpty, !isFolder(String(folder)) {
      if !passingFiles, exists(String(folder)) { return String(folder) }
      guard let slash = folder.lastIndex(of: "/") else { return "." }
      folder = slash == folder.startIndex ? "/" : folder[..<slash]
    }
    return folder.isEmpty ? "." : String(folder)
  }

  package static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

  /// The absolute path without links; nil if there is no such file, or if its path is not text.
  package static func real(_ path: String) -> String? {
    guard let real = realpath(path, nil) else { return nil }
    defer { Glibc.free(real) }
    return String(validatingCString: real)
  }

  /// Whether a file at `path`, which need not be there, is `input` or would lie in the folder `input`.
  package static func holds(_ input: String, _ path: String) -> Bool {
    guard let own = real(input), let other = real(path) ?? real(nearestFolder(path)) else { return false }
    return other == own || other.hasPrefix(own + "/")
  }

  /// The path without slashes at its end, but for that of the root.
  package static func withoutTrailingSlashes(_ path: String) -> String {
    var bytes = path.utf8[...]
    while bytes.count > 1, bytes.last == UInt8(ascii: "/") { bytes.removeLast() }
    return String(Substring(bytes))
  }

  /// The working directory by the name that the shell has for it, by which other hosts may have it too.
  private static var workingFolder: String? {
    var (here, named) = (stat(), stat())
    if let name = environment("PWD"), name.hasPrefix("/"), stat(".", &here) == 0, stat(name, &named) == 0,
      here.st_dev == named.st_dev, here.st_ino == named.st_ino
    {
      return name
    }
    return real(".")
  }

  /// The path from the root on; links in it stay.
  package static func absolute(_ path: String) -> String {
    // What is above the working directory is above its real place, whatever the shell calls it.
    let isAbove = path.split(separator: "/").first { $0 != "." } == ".."
    guard !path.hasPrefix("/"), let folder = isAbove ? real(".") : workingFolder else { return path }
    var (parents, rest) = (folder.split(separator: "/"), path.split(separator: "/")[...])
    while let first = rest.first, first == "." || first == ".." {
      if first == ".." { _ = parents.popLast() }
      rest.removeFirst()
    }
    return "/" + (parents + rest).joined(separator: "/")
  }

  /// What came of making a folder.
  package enum MadeFolder: Equatable, Sendable {
    /// It was not there before.
    case new
    /// There is one already.
    case there
    /// It is not there, for this `errno`: `ENOTDIR` where something else has its name.
    case failed(Int32)
  }

  /// Makes a folder, and those above it that are missing.
  /// - Parameter isDurable: also wait until the names of those that are made are on the storage device,
  ///   except where the folder above may be written to but not be read.
  package static func makeFolders(_ path: String, isDurable: Bool = false) -> MadeFolder {
    let path = withoutTrailingSlashes(path)
    if mkdir(path, 0o777) == 0 { return isDurable ? synchronizeName(of: path) : .new }
    var code = errno
    if code == ENOENT, let end = path.utf8.lastIndex(of: UInt8(ascii: "/")), end > path.startIndex {
      let above = String(path[..<end])
      if case .failed(let code) = makeFolders(above, isDurable: isDurable) { return .failed(code) }
      if mkdir(path, 0o777) == 0 { return isDurable ? synchronizeName(of: path) : .new }
      code = errno
    }
    // Of a read-only file system, mkdir says so for folders that are there, too.
    if isFolder(path) { return .there }
    return .failed(code == EEXIST && exists(path) ? ENOTDIR : code)
  }

  /// Waits until the name of a folder that was made is on the storage device; removes it where that fails.
  private static func synchronizeName(of folder: String) -> MadeFolder {
    guard let failure = synchronize(folder: "\(folder)/.."), failure != (.open, EACCES) else { return .new }
    rmdir(folder)
    return .failed(failure.code)
  }

  /// The calls by which the names within a folder are made durable.
  package enum FolderCall: String, Sendable {
    case open, fsync
  }

  /// Waits until the names within a folder are on the storage device.
  /// - Parameter fsync: `fsync(2)`, in whose place a test puts another.
  /// - Returns: the call that failed, with its error number; nil where none did.
  package static func synchronize(
    folder: String, fsync: (Int32) -> Int32 = { Glibc.fsync($0) }
  ) -> (call: FolderCall, code: Int32)? {
    let descriptor = retrying { open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
    guard descriptor >= 0 else { return (.open, errno) }
    defer { close(descriptor) }
    return retrying { fsync(descriptor) } == 0 ? nil : (.fsync, errno)
  }

  /// Makes a folder for files that are removed again, in `TMPDIR` or `/tmp`; nil if it cannot be made, and
  /// `errno` says why.
  package static func makeTemporaryFolder() -> String? {
    var template = Array("\(temporaryPlace)/lockstep-XXXXXX".utf8CString)
    return mkdtemp(&template).map { String(cString: $0) }
  }

  /// Where folders are made that are removed again.
  package static var temporaryPlace: String {
    environment("TMPDIR").flatMap { $0.isEmpty ? nil : $0 } ?? "/tmp"
  }

  /// A variable of this process's environment.
  package static func environment(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }

  /// The first 64 KiB of a text file; nil if it cannot be read.
  package static func head(_ path: String) -> String? { read(path, upTo: 65_536) }

  /// A text file, up to 16 MiB of it; nil if it cannot be read.
  package static func text(_ path: String) -> String? { read(path, upTo: 16 << 20) }

  /// The first bytes of a file, with a replacement for what is no text; nil if it cannot be read, as a folder
  /// cannot. A pipe that nobody writes to is empty; otherwise it is read until its writers have closed it.
  private static func read(_ path: String, upTo limit: Int) -> String? {
    let descriptor = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    // Opened without waiting for a writer; one that is there may take its time.
    _ = fcntl(descriptor, F_SETFL, 0)
    guard let file = fdopen(descriptor, "r") else {
      close(descriptor)
      return nil
    }
    defer { fclose(file) }
    let text = head(file, bytes: limit)
    return ferror(file) == 0 ? text : nil
  }

  /// Bytes that an ordinary user may still write in the file system of `path`, `Int.max` for no limit; nil if
  /// it cannot be asked.
  package static func free(_ path: String) -> Int? {
    var status = statvfs()
    guard statvfs(path, &status) == 0 else { return nil }
    return status.freeBytes
  }

  /// The program that a shell would run for `name`; nil if there is none on `PATH`.
  package static func onPath(_ name: String) -> String? {
    let folders = (environment("PATH") ?? "").split(separator: ":", omittingEmptySubsequences: false)
    return folders.lazy.map { $0.isEmpty ? "./\(name)" : "\($0)/\(name)" }
      .first { access($0, X_OK) == 0 && !isFolder($0) }
  }

  /// The first line that a command prints; nil if it cannot be run or prints nothing.
  package static func firstLine(ofCommand command: String) -> String? {
    guard let stream = popen("\(command) 2>/dev/null", "r") else { return nil }
    defer { pclose(stream) }
    return head(stream).split(separator: "\n").first.map(String.init)
  }

  private static func head(_ file: UnsafeMutablePointer<FILE>, bytes limit: Int = 65_536) -> String {
    let bytes = [UInt8](unsafeUninitializedCapacity: limit) { buffer, count in
      count = fread(buffer.baseAddress, 1, buffer.count, file)
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
