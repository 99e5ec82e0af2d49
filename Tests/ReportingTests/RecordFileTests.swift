import Glibc
import Reporting
import TestSupport
import Testing

@Suite("Files of records")
struct RecordFileTests {
  private let folder = TemporaryFolder()
  private var path: String { folder.path(of: "records") }

  /// Calls of which a write leaves the first two bytes of a record and fails, and a truncation fails, as
  /// often as there are failures left.
  private final class Failures {
    var (writes, truncations) = (0, 0)

    var calls: FileCalls {
      var calls = FileCalls()
      let system = calls
      calls.write = { [self] bytes, descriptor in
        guard writes > 0 else { return system.write(bytes, descriptor) }
        writes -= 1
        return system.write(Array(bytes.prefix(2)), descriptor) ?? ENOSPC
      }
      calls.truncate = { [self] descriptor, length in
        guard truncations > 0 else { return system.truncate(descriptor, length) }
        truncations -= 1
        errno = EIO
        return -1
      }
      return calls
    }
  }

  private func failure(of file: RecordFile, appending text: String) -> ReportingError? {
    do throws(ReportingError) {
      try file.append(Array(text.utf8))
      return nil
    } catch { return error }
  }

  @Test("a record that is cut short is taken back")
  func cutShort() throws {
    let failures = Failures()
    let file = try RecordFile(path: path, mode: .new, calls: failures.calls)
    try file.append(Array("one\n".utf8))
    failures.writes = 1
    #expect(
      failure(of: file, appending: "two\n") == .cannotWrite(path: path, operation: "write", errno: ENOSPC))
    #expect(folder.text(of: "records") == "one\n")
    try file.append(Array("two\n".utf8))
    #expect(folder.text(of: "records") == "one\ntwo\n")
  }

  @Test(
    "a part of a record that cannot be taken back at once goes before the next record, or none is written")
  func tornTail() throws {
    let failures = Failures()
    let file = try RecordFile(path: path, mode: .new, calls: failures.calls)
    try file.append(Array("one\n".utf8))
    (failures.writes, failures.truncations) = (1, 2)
    #expect(
      failure(of: file, appending: "two\n") == .cannotWrite(path: path, operation: "write", errno: ENOSPC))
    #expect(folder.text(of: "records") == "one\ntw")
    #expect(
      failure(of: file, appending: "two\n") == .cannotWrite(path: path, operation: "ftruncate", errno: EIO))
    #expect(folder.text(of: "records") == "one\ntw")
    try file.append(Array("two\n".utf8))
    #expect(folder.text(of: "records") == "one\ntwo\n")
  }

  @Test("the first synchronisation makes the file's name durable too, as soon as it can")
  func name() throws {
    var synchronized: [Bool] = []
    var folderFailures = 1
    var calls = FileCalls()
    calls.synchronize = { descriptor in
      var status = stat()
      fstat(descriptor, &status)
      let isFolder = status.st_mode & S_IFMT == S_IFDIR
      synchronized.append(isFolder)
      guard isFolder, folderFailures > 0 else { return 0 }
      folderFailures -= 1
      errno = EIO
      return -1
    }
    let file = try RecordFile(path: path, mode: .append, calls: calls)
    #expect(throws: ReportingError.cannotWrite(path: folder.path, operation: "fsync", errno: EIO)) {
      try file.synchronize()
    }
    for _ in 0..<2 { try file.synchronize() }
    #expect(synchronized == [false, true, false, true, false])
  }
}
