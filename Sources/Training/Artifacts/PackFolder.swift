import Datasets
import Glibc
import Platform

/// The folder that a data set is packed into before it gets its name: `NAME.tmp-PROCESS` beside it, locked by
/// the process that writes there.
///
/// The kernel gives the lock back when the process dies, so what can be locked has been left by a dead one.
/// Where a file system locks no folders, as NFS does not, what is left stays.
enum PackFolder {
  /// Makes the folder for `output`, and removes what dead processes have left of theirs for it.
  /// - Returns: its path, and the descriptor that holds the lock until it is closed.
  /// - Throws: ``OutputError``, or ``RunFolderError`` where something else has its name.
  static func make(for output: String) throws -> (path: String, lock: Int32) {
    let path = "\(output)\(mark)\(getpid())"
    var lock: Int32 = -1
    try OutputError.writing(output) {
      removeLeftovers(of: output)
      guard try OutputError.makeFolder(path, for: output) else {
        throw RunFolderError(.occupied, "a folder is in the way", path, "remove it")
      }
      lock = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
      guard lock >= 0 else { throw OutputError(output, operation: "open", errno: errno) }
      _ = flock(lock, LOCK_EX | LOCK_NB)
    }
    return (path, lock)
  }

  private static func removeLeftovers(of output: String) {
    let slash = output.utf8.lastIndex(of: UInt8(ascii: "/"))
    let place = slash.map { String(output[...$0]) } ?? "./"
    let prefix = (slash.map { String(output[output.utf8.index(after: $0)...]) } ?? output) + mark
    for name in (DirectoryEntry.entries(of: place) ?? []).map(\.text) where name.hasPrefix(prefix) {
      let process = name.utf8.dropFirst(prefix.utf8.count)
      if !process.isEmpty, process.allSatisfy({ (0x30...0x39).contains($0) }) { removeLeftover(place + name) }
    }
  }

  private static let mark = ".tmp-"

  /// Removes a folder that nobody has locked and in which there is nothing but what is packed.
  private static func removeLeftover(_ path: String) {
    let lock = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW)
    guard lock >= 0 else { return }
    defer { close(lock) }
    guard flock(lock, LOCK_EX | LOCK_NB) == 0, let entries = DirectoryEntry.entries(of: path) else { return }
    let names = entries.map(\.text)
    guard names.allSatisfy(isPacked) else { return }
    for name in names { unlink("\(path)/\(name)") }
    rmdir(path)
  }

  /// Whether `name` is that of a shard or of the index, be it one that was being written.
  private static func isPacked(_ name: String) -> Bool {
    let file = name.split(separator: mark, omittingEmptySubsequences: false)[0]
    return file == ShardIndex.fileName || file.hasPrefix("shard-") && file.hasSuffix(".tar")
  }
}
