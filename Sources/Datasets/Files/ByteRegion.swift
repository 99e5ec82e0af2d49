import Glibc

/// Immutable bytes: a read-only mapping of a file, or memory filled once. Nothing writes to them after `init`, which is
/// what makes the region safe to share between threads.
final class ByteRegion: @unchecked Sendable {
  let bytes: UnsafeRawBufferPointer
  private let isMapped: Bool

  /// Maps the whole of `file`.
  init(mapping file: borrowing OpenFile) throws(DatasetError) {
    isMapped = file.size > 0
    guard file.size > 0 else {
      bytes = UnsafeRawBufferPointer(start: nil, count: 0)
      return
    }
    guard let address = mmap(nil, file.size, PROT_READ, MAP_PRIVATE, file.descriptor, 0),
      address != MAP_FAILED
    else {
      throw .system("cannot map", file.path)
    }
    bytes = UnsafeRawBufferPointer(start: address, count: file.size)
  }

  /// Takes over `memory`, which must come from `UnsafeMutableRawBufferPointer.allocate`.
  init(owning memory: UnsafeMutableRawBufferPointer) {
    bytes = UnsafeRawBufferPointer(memory)
    isMapped = false
  }

  deinit {
    if isMapped {
      munmap(UnsafeMutableRawPointer(mutating: bytes.baseAddress!), bytes.count)
    } else {
      bytes.deallocate()
    }
  }
}
