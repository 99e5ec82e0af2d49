import DataParallel
import Platform

extension StatusFlags {
  /// A rank cannot go on and will end with `status`, which travels in the upper half.
  static func failed(_ status: ExitStatus) -> StatusFlags {
    StatusFlags(rawValue: StatusFlags.failed.rawValue | UInt64(UInt32(bitPattern: status.rawValue)) << 32)
  }

  /// The code that a failed rank ends with.
  var status: ExitStatus { ExitStatus(rawValue: Int32(truncatingIfNeeded: rawValue >> 32)) ?? .unexpected }
}
