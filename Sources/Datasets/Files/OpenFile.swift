import Glibc
import Synchronization

/// A regular file open for reading; closed when it goes out of scope.
struct OpenFile: ~Copyable {
  let path: FilePath
  let size: Int
  let descriptor: Int32

  init(_ path: FilePath) throws(DatasetError) {
    try path.check()
    // Not blocking: a FIFO of that name must be refused, not waited for.
    let descriptor = path.withCString { open($0, O_RDONLY | O_CLOEXEC | O_NONBLOCK) }
    guard descriptor >= 0 else { throw .system("cannot open", path) }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      close(descriptor)
      throw DatasetError(.badData, "not a regular file", path.description, "remove it or check the path")
    }
    self.path = path
    self.descriptor = descriptor
    size = Int(status.st_size)
    Reading.files.add(1, ordering: .relaxed)
  }

  deinit { close(descriptor) }

  /// What is read or inflated at once, after which the wish to stop is looked at.
  static let mostBytes = 16 << 20

  /// - Throws: ``DatasetError`` of kind `stopped` where nobody waits for the data any more.
  static func checkStop(_ place: String) throws(DatasetError) {
    guard !Reading.isStopped.load(ordering: .relaxed) else {
      throw DatasetError(.stopped, "stopped before all data were read", place, "run it again")
    }
  }

  /// Fills `buffer` with the bytes from `offset` on; the file must have them.
  func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws(DatasetError) {
    var done = 0
    while done < buffer.count {
      try Self.checkStop(path.description)
      let count = min(buffer.count - done, Self.mostBytes)
      let result = pread(descriptor, buffer.baseAddress! + done, count, offset + done)
      if result < 0 {
        if errno == EINTR { continue }
        throw .system("cannot read", path)
      }
      guard result > 0 else {
        throw DatasetError(
          .badData, "the file became shorter while it was read", "\(path), byte \(offset + done)",
          "do not write to data that a run reads")
      }
      done += result
      Reading.bytes.add(result, ordering: .relaxed)
    }
  }

  /// The bytes of `range`.
  func bytes(_ range: Range<Int>) throws(DatasetError) -> [UInt8] {
    var failure: DatasetError?
    let result = [UInt8](unsafeUninitializedCapacity: range.count) { buffer, count in
      do throws(DatasetError) {
        try read(into: UnsafeMutableRawBufferPointer(buffer), at: range.lowerBound)
        count = range.count
      } catch {
        failure = error
        count = 0
      }
    }
    if let failure { throw failure }
    return result
  }
}

extension OpenFile {
  /// All bytes of a file that is one sample.
  /// - Throws: ``DatasetError`` for more of them than `limits` allow.
  func sample(_ limits: DatasetLimits) throws(DatasetError) -> [UInt8] {
    guard size <= limits.bytes else {
      throw DatasetError(
        .badData, "a file of \(size) bytes", path.description,
        "replace it by a smaller one, or \(DatasetLimits.moreBytes)")
    }
    return try bytes(0..<size)
  }
}

extension DatasetError {
  /// What `errno` says about `path`.
  static func system(_ what: String, _ path: FilePath) -> DatasetError {
    let code = errno
    let reason = String(cString: strerror(code))
    switch code {
    case ENOENT, ENOTDIR:
      return DatasetError(
        .missing, "\(what): \(reason)", path.description,
        "check the path; data that have moved are named with data=PATH")
    default:
      return DatasetError(
        .unreadable, "\(what): \(reason)", path.description, "check permissions and the disk")
    }
  }
}
