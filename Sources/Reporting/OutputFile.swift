#if canImport(Glibc)
  import Glibc
#endif

/// An open file that is only ever written at its end, by whole records: a record is there altogether or, if
/// the write fails, not at all. Symbolic links are not followed.
final class OutputFile {
  let path: String
  private let descriptor: Int32
  /// The end of the last whole record, in bytes.
  private(set) var length: off_t

  enum Mode {
    /// The file must not exist.
    case new
    /// The file is made if it is absent; records go after what it holds.
    case append
  }

  init(path: String, mode: Mode) throws(ReportingError) {
    let flags = O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW | (mode == .new ? O_EXCL : 0)
    let descriptor = open(path, flags, 0o644)
    guard descriptor >= 0 else {
      throw .cannotWrite(path: path, operation: "open", errno: errno)
    }
    self.path = path
    self.descriptor = descriptor
    length = lseek(descriptor, 0, SEEK_END)
    guard length >= 0 else {
      throw .cannotWrite(path: path, operation: "lseek", errno: errno)
    }
  }

  deinit {
    close(descriptor)
  }

  /// Appends one record with one `write(2)`; only if that is cut short, with further ones. A record that
  /// cannot be written whole is taken back.
  func append(_ record: [UInt8]) throws(ReportingError) {
    if let code = writeAll(record, to: descriptor) {
      ftruncate(descriptor, length)
      throw .cannotWrite(path: path, operation: "write", errno: code)
    }
    length += off_t(record.count)
  }

  /// Waits until everything appended so far is on the storage device.
  func synchronize() throws(ReportingError) {
    guard fsync(descriptor) == 0 else {
      throw .cannotWrite(path: path, operation: "fsync", errno: errno)
    }
  }
}

/// Writes all of `bytes`. Returns the error number if that fails.
package func writeAll(_ bytes: [UInt8], to descriptor: Int32) -> Int32? {
  bytes.withUnsafeBytes { buffer in
    var done = 0
    while done < buffer.count {
      let count = write(descriptor, buffer.baseAddress! + done, buffer.count - done)
      if count < 0 {
        if errno == EINTR { continue }
        return errno
      }
      done += count
    }
    return nil
  }
}
