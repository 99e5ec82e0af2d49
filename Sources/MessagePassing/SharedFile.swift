import CMPI
import Glibc

/// A file in memory that one process of a node makes and the others open by way of /proc: without a name in
/// the file system, so that a container's small /dev/shm does not limit it, and nothing is left behind by a
/// process that is killed.
package struct SharedFile: BitwiseCopyable, Sendable {
  /// The process that has it open.
  let process: Int
  /// Its descriptor there; negative where there is no file.
  let descriptor: Int32
  /// What tells it from all other files of this machine. A number of a process means another one where ranks
  /// of a node live in different PID namespaces.
  package let mark: Int

  package init(process: Int, descriptor: Int32, mark: Int) {
    self.process = process
    self.descriptor = descriptor
    self.mark = mark
  }

  /// What this process has open under `descriptor`; negative for nothing.
  package init(_ descriptor: Int32) {
    self.init(process: Int(getpid()), descriptor: descriptor, mark: Self.mark(of: descriptor))
  }

  /// A new file; nothing if the system has no room.
  static func make(bytes: Int) -> SharedFile {
    let file = CMPI_memory_file("lockstep")
    guard file >= 0 else { return .none }
    // Room is taken now: a page for which there is none would end a rank with a bus error later.
    if posix_fallocate(file, 0, bytes) == 0 { return SharedFile(file) }
    close(file)
    return .none
  }

  /// No file.
  static let none = SharedFile(process: 0, descriptor: -1, mark: -1)

  /// Opens it in this process, for whom it is to be closed again; negative if it cannot be, or if what is
  /// there is another file.
  package func open() -> Int32 {
    guard descriptor >= 0 else { return -1 }
    let file = Glibc.open("/proc/\(process)/fd/\(descriptor)", O_RDWR | O_CLOEXEC)
    guard file >= 0, Self.mark(of: file) != mark else { return file }
    close(file)
    return -1
  }

  private static func mark(of file: Int32) -> Int {
    var status = stat()
    return fstat(file, &status) == 0 ? Int(truncatingIfNeeded: status.st_ino ^ status.st_dev << 48) : -1
  }
}
