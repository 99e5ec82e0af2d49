import CMPI
import Glibc

extension MPINodeMemory {
  /// Memory without a name in the file system: a container's small /dev/shm does not limit it, and nothing is
  /// left behind by a process that is killed. The node's first rank makes it, and the others open it by way
  /// of /proc.
  func share(bytes: Int) throws(CommunicationError) -> SharedMemory? {
    let mates = mates
    let isFirst = rank == mates[0]
    var file: Int32 = isFirst ? Self.makeFile(bytes: bytes) : -1
    defer { if file >= 0 { close(file) } }
    // A number of a process means another one where ranks of a node live in different PID namespaces.
    let mark = file >= 0 ? Self.mark(of: file) : 0
    var facts: [Int] = []
    for fact in [Int(getpid()), Int(file), mark] {
      facts.append(contentsOf: try communicator.allGather(fact))
    }
    let first = mates[0]
    let (process, number) = (facts[first], facts[communicator.size + first])
    if !isFirst, number >= 0 {
      file = open("/proc/\(process)/fd/\(number)", O_RDWR | O_CLOEXEC)
      if file >= 0, Self.mark(of: file) != facts[2 * communicator.size + first] {
        close(file)
        file = -1
      }
    }
    let address = file >= 0 ? mmap(nil, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0) : MAP_FAILED
    let memory = (address == MAP_FAILED ? nil : address).map { pointer in
      nonisolated(unsafe) let pointer = pointer
      return SharedMemory(pointer, count: bytes) {
        madvise(pointer, bytes, Int32(MADV_DONTNEED))
      } release: {
        munmap(pointer, bytes)
      }
    }
    // Not before all have opened it may it be closed.
    return try communicator.minimum(of: memory == nil ? 0 : 1) == 1 ? memory : nil
  }

  /// - Returns: -1 if the system has no room.
  private static func makeFile(bytes: Int) -> Int32 {
    let file = CMPI_memory_file("lockstep")
    guard file >= 0 else { return -1 }
    // Room is taken now: a page for which there is none would end a rank with a bus error later.
    if posix_fallocate(file, 0, bytes) == 0 { return file }
    close(file)
    return -1
  }

  /// What tells a file from all others of this machine.
  private static func mark(of file: Int32) -> Int {
    var status = stat()
    return fstat(file, &status) == 0 ? Int(truncatingIfNeeded: status.st_ino ^ status.st_dev << 48) : -1
  }
}
