import Glibc
import Platform

/// The calls to the operating system by which a file becomes whole and durable. A test puts others in their
/// place.
package struct FileCalls {
  /// Writes all bytes to a descriptor; the error number if that fails.
  package var write: ([UInt8], Int32) -> Int32? = { writeAll($0, to: $1) }
  /// `ftruncate(2)`.
  package var truncate: (Int32, Int) -> Int32 = { ftruncate($0, $1) }
  /// `fsync(2)`, of a file or of a folder.
  package var synchronize: (Int32) -> Int32 = { fsync($0) }

  /// Those of the system.
  package init() {}
}
