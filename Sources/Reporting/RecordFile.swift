import Glibc
import Platform

/// An open file that is only ever written at its end, by whole records: a record is there altogether or, if
/// the write fails, not at all. Symbolic links are not followed.
package final class RecordFile {
  let path: String
  private let descriptor: Int32
  private let calls: FileCalls
  /// The end of the last whole record, in bytes.
  private(set) var length: Int
  /// Whether a part of a record may stand behind the last whole one.
  private var hasTornTail = false
  /// Whether the folder holds the file's name durably.
  private var isNameDurable = false

  package enum Mode {
    /// The file must not exist.
    case new
    /// The file is made if it is absent; records go after what it holds.
    case append
  }

  package init(path: String, mode: Mode, calls: FileCalls = FileCalls()) throws(ReportingError) {
    let flags = O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW | (mode == .new ? O_EXCL : 0)
    let descriptor = open(path, flags, 0o644)
    guard descriptor >= 0 else {
      throw .cannotWrite(path: path, operation: "open", errno: errno)
    }
    self.path = path
    self.descriptor = descriptor
    self.calls = calls
    length = lseek(descriptor, 0, SEEK_END)
    guard length >= 0 else {
      throw .cannotWrite(path: path, operation: "lseek", errno: errno)
    }
  }

  deinit {
    close(descriptor)
  }

  /// Appends one record with one `write(2)`; only if that is cut short, with further ones. A record that
  /// cannot be written whole is taken back, at the latest before the next one is written.
  /// - Throws: ``ReportingError/cannotWrite(path:operation:errno:)``; the record is not written then.
  package func append(_ record: [UInt8]) throws(ReportingError) {
    if hasTornTail {
      guard calls.truncate(descriptor, length) == 0 else {
        throw .cannotWrite(path: path, operation: "ftruncate", errno: errno)
      }
      hasTornTail = false
    }
    if let code = calls.write(record, descriptor) {
      // What is no file on a disk cannot be cut, and holds nothing.
      hasTornTail = calls.truncate(descriptor, length) != 0 && lseek(descriptor, 0, SEEK_END) != length
      throw .cannotWrite(path: path, operation: "write", errno: code)
    }
    length += record.count
  }

  /// Waits until everything appended so far, and the file's name, is on the storage device.
  /// - Throws: ``ReportingError/cannotWrite(path:operation:errno:)``.
  package func synchronize() throws(ReportingError) {
    guard retrying({ calls.synchronize(descriptor) }) == 0 else {
      throw .cannotWrite(path: path, operation: "fsync", errno: errno)
    }
    guard !isNameDurable else { return }
    try AtomicFile.synchronizeFolder(of: path, calls: calls)
    isNameDurable = true
  }
}
