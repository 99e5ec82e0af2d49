import CMPI
import Glibc
import Platform

/// What the MPI library says about itself. Needs no world.
public enum MPILibrary {
  /// One line naming the library and its version, such as `Open MPI v4.1.4, package: …`.
  public static var version: String {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 8192) { buffer in
      var length: Int32 = 0
      guard MPI_Get_library_version(buffer.baseAddress, &length) == MPI_SUCCESS else { return "unknown MPI" }
      buffer[Int(length)] = 0
      return String(cString: buffer.baseAddress!)
    }
  }

  /// Bytes that Open MPI finds free in `/dev/shm`, where it keeps memory that ranks share; nil if there is no
  /// such folder. It counts blocks, and takes a file system that has no limit (`size=0`), and so no blocks,
  /// for full.
  package static var sharedMemoryRoom: Int? {
    var status = statvfs()
    guard statvfs("/dev/shm", &status) == 0 else { return nil }
    return status.f_blocks == 0 ? 0 : status.freeBytes
  }

  /// What `MPI_Error_string` says about a code.
  static func errorText(_ code: Int32) -> String {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 8192) { buffer in
      var length: Int32 = 0
      guard MPI_Error_string(code, buffer.baseAddress, &length) == MPI_SUCCESS else { return "unknown error" }
      buffer[Int(length)] = 0
      return String(cString: buffer.baseAddress!)
    }
  }

  /// Throws the error that a call of MPI returned.
  static func check(
    _ code: Int32, _ call: @autoclosure () -> String, rank: Int?
  ) throws(CommunicationError) {
    if code != MPI_SUCCESS {
      throw .mpi(call: call(), rank: rank, code: Int(code), text: errorText(code))
    }
  }
}
