import Glibc

extension MPINodeMemory {
  /// A ``SharedFile`` that the node's first rank makes.
  func share(bytes: Int) throws(CommunicationError) -> SharedMemory? {
    let isFirst = rank == mates[0]
    let own = isFirst ? SharedFile.make(bytes: bytes) : .none
    defer { if isFirst, own.descriptor >= 0 { close(own.descriptor) } }
    let made = try communicator.allGather(own)[mates[0]]
    let file = isFirst ? own.descriptor : made.open()
    defer { if !isFirst, file >= 0 { close(file) } }
    let address = file >= 0 ? mmap(nil, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0) : MAP_FAILED
    let memory = (address == MAP_FAILED ? nil : address).map { pointer in
      nonisolated(unsafe) let pointer = pointer
      return SharedMemory(pointer, count: bytes) {
        madvise(pointer, bytes, Int32(MADV_DONTNEED))
      } unmap: {
        munmap(pointer, bytes)
      }
    }
    // Not before all have opened it may it be closed.
    return try communicator.minimum(of: memory == nil ? 0 : 1) == 1 ? memory : nil
  }
}
