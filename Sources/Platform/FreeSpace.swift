public import Glibc

extension statvfs {
  /// Bytes that an ordinary user may still write; as many as `Int` holds where a file system tells more, or
  /// has no blocks: it is on no device then, has no limit (a tmpfs of `size=0`), or does not tell.
  public var freeBytes: Int {
    guard f_blocks > 0 else { return .max }
    let (bytes, overflow) = Int(clamping: f_bavail).multipliedReportingOverflow(by: Int(clamping: f_frsize))
    return overflow ? .max : bytes
  }
}
