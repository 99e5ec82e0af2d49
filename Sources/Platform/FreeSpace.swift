public import Glibc

extension statvfs {
  /// Bytes that an ordinary user may still write; as many as `Int` holds where a file system tells more.
  public var freeBytes: Int {
    let (bytes, overflow) = Int(clamping: f_bavail).multipliedReportingOverflow(by: Int(clamping: f_frsize))
    return overflow ? .max : bytes
  }
}
